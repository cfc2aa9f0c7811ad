import { describe, expect, it } from "vitest";
import type { Message } from "../api/types";
import { replyRecipients, withTyped } from "./recipients";

type Change = Partial<Omit<Message, "recipients">> & { to?: string; ccs?: string[]; replyTo?: string };

function mail({ to = "support@acme.test", ccs = [], replyTo, ...change }: Change): Message {
  const recipient = (type: "to" | "cc", address: string) => ({ type, address, name: null, status: null });
  return {
    direction: "inbound",
    private: false,
    from: "ada@example.org",
    content: { type: "email", email: { subject: "", text: "", html: null, replyText: null, cc: [], attachments: [] } },
    recipients: [recipient("to", to), ...ccs.map((address) => recipient("cc", address))],
    metadata: { headers: replyTo ? { "reply-to": replyTo } : {} },
    ...change,
  } as unknown as Message;
}

const OWN = ["support@acme.test", "inbox-x@inbox.localhost"];

describe("what is typed into a recipient field", () => {
  const list = ["a@example.org"];
  it.each([
    ["", ["a@example.org"]],
    ["b@example.org", ["a@example.org", "b@example.org"]],
    ["Bob <b@example.org>; c@example.org, a@example.org", ["a@example.org", "Bob <b@example.org>", "c@example.org"]],
  ])("%s", (typed, expected) => {
    expect(withTyped(list, typed)).toEqual({ list: expected });
  });
  it("is left alone as a whole where a part of it is no address", () => {
    expect(withTyped(list, "b@example.org, bob")).toEqual({ list, wrong: "bob" });
  });
  it("is the very same list where it adds nothing", () => expect(withTyped(list, " a@example.org,").list).toBe(list));
});

describe("whom an answer goes to", () => {
  it("is who wrote last, with those copied, without ourselves", () => {
    const messages = [mail({ from: "old@example.org" }), mail({ from: "Ada <ada@example.org>", ccs: ["bob@example.org", "SUPPORT@acme.test"] })];
    expect(replyRecipients(messages, OWN)).toEqual({ to: ["ada@example.org"], cc: ["bob@example.org"] });
  });
  it("is where they ask for answers", () => {
    expect(replyRecipients([mail({ replyTo: "Team <team@example.org>" })], OWN).to).toEqual(["team@example.org"]);
  });
  it("never is our own address with a reply token", () => {
    const messages = [mail({ to: "inbox-x+r.abc123@inbox.localhost", ccs: ["inbox-x@inbox.localhost"] })];
    expect(replyRecipients(messages, OWN)).toEqual({ to: ["ada@example.org"], cc: [] });
  });
  it("is whom we wrote to, while nobody answered", () => {
    expect(replyRecipients([mail({ direction: "outbound", from: "support@acme.test", to: "ada@example.org" })], OWN)).toEqual({
      to: ["ada@example.org"],
      cc: [],
    });
  });
  it("does not look at notes", () => {
    const note = mail({ private: true, from: "usr@acme.test" });
    expect(replyRecipients([mail({}), note], OWN).to).toEqual(["ada@example.org"]);
    expect(replyRecipients([note], OWN)).toEqual({ to: [], cc: [] });
  });
  it("names nobody twice", () => {
    expect(replyRecipients([mail({ ccs: ["ADA@example.org", "b@example.org", "B@example.org"] })], OWN).cc).toEqual(["b@example.org"]);
  });
});
