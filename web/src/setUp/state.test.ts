import { describe, expect, it } from "vitest";
import { emptyForm } from "../channels/form";
import { chosen, emptySetUp, readSetUp, stepBefore, stepsOf, writeSetUp } from "./state";

describe("what is kept of a set-up", () => {
  it("is all of it but the password", () => {
    const setUp = { ...emptySetUp(), step: "servers" as const, way: "smtp_imap" as const };
    setUp.form = { ...setUp.form, name: "Support", password: "secret" };
    const text = writeSetUp(setUp);
    expect(text).not.toContain("secret");
    expect(readSetUp(text)).toEqual({ ...setUp, form: { ...setUp.form, password: "" } });
  });
  it("is left alone where it can't be read", () => {
    for (const text of [null, "", "no JSON", "{}", '{"way":"pigeon","step":"way"}', '{"way":"forwarding","step":"records"}']) {
      expect(readSetUp(text)).toBeNull();
    }
  });
  it("gets what a newer version has besides", () => {
    const kept = readSetUp('{"way":"forwarding","step":"address","form":{"name":"Sales"}}');
    expect(kept?.form).toEqual({ ...emptyForm("forwarding"), name: "Sales" });
    expect(kept?.conversationId).toBeNull();
  });
});

describe("the steps of a set-up", () => {
  it("are those of the way that was chosen", () => {
    expect(stepsOf(null)).toEqual(["way", "address", "receive"]);
    expect(stepsOf("smtp_imap")).toContain("servers");
    expect(stepsOf("domain")).toContain("records");
  });
  it("lead back one by one, with what was typed", () => {
    const typed = { ...emptyForm("forwarding"), name: "Support" };
    const setUp = { ...emptySetUp(), ...chosen("smtp_imap", typed), step: "servers" as const };
    expect(stepBefore(setUp)).toBe("address");
    expect(stepBefore({ ...setUp, step: "address" })).toBe("way");
    expect(setUp.form).toEqual({ ...typed, provider: "smtp_imap" });
    expect(chosen("domain", typed).form?.provider).toBe("forwarding");
  });
});
