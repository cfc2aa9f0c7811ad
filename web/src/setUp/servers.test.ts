import { describe, expect, it } from "vitest";
import { emptyForm } from "../channels/form";
import { filledIn, mayFillIn } from "./servers";

describe("what is found out about a mailbox", () => {
  it("fills in both servers and the name to sign in with", () => {
    const found = {
      imap: { host: "imap.acme.test", port: 993, secure: true, auth: { user: "ada" } },
      smtp: { host: "smtp.acme.test", port: 587, secure: false, auth: { user: "ada@acme.test" } },
      _source: "srv",
    };
    expect(filledIn(found, "ada@acme.test")).toEqual({
      username: "ada",
      smtpHost: "smtp.acme.test",
      smtpPort: "587",
      smtpSecurity: "starttls",
      imapHost: "imap.acme.test",
      imapPort: "993",
      imapSecurity: "tls",
    });
  });
  it("is the address alone where nothing was", () => {
    expect(filledIn({ imap: {}, smtp: {}, _source: "unknown" }, "ada@acme.test")).toEqual({ username: "ada@acme.test" });
  });
  it("never replaces what was typed by hand", () => {
    const form = { ...emptyForm("smtp_imap"), emailAddress: "ada@acme.test" };
    expect(mayFillIn(form, null)).toBe(true);
    expect(mayFillIn({ ...form, smtpHost: "my.server" }, null)).toBe(false);
    expect(mayFillIn({ ...form, smtpHost: "my.server" }, { email: "bo@acme.test", source: "unknown" })).toBe(false);
    expect(mayFillIn({ ...form, smtpHost: "smtp.other" }, { email: "bo@other.test", source: "srv" })).toBe(true);
    expect(mayFillIn(form, { email: "ada@acme.test", source: "srv" })).toBe(false);
  });
});
