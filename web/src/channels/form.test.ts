import { describe, expect, it } from "vitest";
import type { Channel } from "../api/types";
import { commandLines, sampleMail } from "./commandLines";
import { changeBody, checkForm, creationBody, emptyForm, formOf } from "./form";

const channel: Channel = {
  id: "ch_1",
  type: "email",
  name: "Support",
  provider: "smtp_imap",
  emailAddress: "support@acme.test",
  displayName: null,
  aliases: ["help@acme.test"],
  signature: {},
  config: { smtpHost: "smtp.acme.test", smtpPort: 465, smtpSecurity: "tls", username: "u", imapHost: null, imapPort: null, imapSecurity: null },
  limits: {} as Channel["limits"],
  authPolicy: "mark",
  threadBySubject: true,
  teamId: "",
  status: "connected",
  inboundAddress: "inbox-1@inbox.localhost",
  webhookUrl: "http://localhost/webhooks/email/ch_1?token=it's",
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

describe("a channel's form", () => {
  it("sends for a forwarding channel only what was filled in", () => {
    expect(creationBody({ ...emptyForm("forwarding"), name: " Support " })).toEqual({
      type: "email",
      provider: "forwarding",
      name: "Support",
    });
  });
  it("wants a server for a mailbox", () => {
    const errors = checkForm({ ...emptyForm("smtp_imap"), name: "x", smtpPort: "70000" });
    expect(Object.keys(errors).toSorted()).toEqual(["emailAddress", "smtpHost", "smtpPort"]);
    expect(checkForm(emptyForm("sandbox"))).toHaveProperty("name");
  });
  it("reads the mailbox where its server is named, and only there", () => {
    const form = { ...emptyForm("smtp_imap"), name: "x", emailAddress: "a@acme.test", smtpHost: "smtp.acme.test" };
    expect(creationBody(form).config).not.toHaveProperty("imapHost");
    expect(creationBody({ ...form, imapHost: " imap.acme.test " }).config).toMatchObject({
      imapHost: "imap.acme.test",
      imapPort: 993,
      imapSecurity: "tls",
    });
    expect(checkForm({ ...form, imapHost: "imap.acme.test", imapPort: "x" })).toHaveProperty("imapPort");
    expect(changeBody(channel, { ...formOf(channel), imapHost: "imap.acme.test" }).config).toMatchObject({ imapHost: "imap.acme.test" });
  });
  it("wants a password for whoever signs in, unless one is kept", () => {
    const form = { ...emptyForm("smtp_imap"), name: "x", emailAddress: "a@acme.test", smtpHost: "smtp.acme.test", username: "a" };
    expect(checkForm(form)).toHaveProperty("password");
    expect(checkForm(form, true)).toEqual({});
    expect(checkForm({ ...form, password: "p" })).toEqual({});
    expect(checkForm({ ...form, emailAddress: "nobody", password: "p" })).toHaveProperty("emailAddress");
  });
  it("changes nothing that was not touched", () => {
    expect(changeBody(channel, formOf(channel))).toEqual({});
    expect(changeBody(channel, { ...formOf(channel), displayName: "Acme" })).toEqual({ displayName: "Acme" });
    expect(changeBody(channel, { ...formOf(channel), emailAddress: "", aliases: "" })).toEqual({ emailAddress: null, aliases: [] });
  });
  it("sends a password only when one was typed", () => {
    expect(changeBody(channel, { ...formOf(channel), smtpPort: "587" }).config).not.toHaveProperty("password");
    expect(changeBody(channel, { ...formOf(channel), password: "p" }).config).toMatchObject({ password: "p", smtpPort: 465 });
  });
});

describe("lines to try a channel with", () => {
  it("keep what the shell would take apart in quotes", () => {
    const { http, smtp } = commandLines(channel, { hostname: "mail.acme.test" });
    expect(smtp).toContain("--server mail.acme.test:2525 --to 'inbox-1@inbox.localhost'");
    expect(http).toContain(`'http://localhost/webhooks/email/ch_1?token=it'\\''s'`);
  });
  it("come with a mail that ends its lines as RFC 5322 asks", () => {
    const mail = sampleMail("inbox-1@inbox.localhost", new Date(0), "x");
    expect(mail).toContain("\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n");
    expect(mail.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    expect(mail).toContain("\r\n\r\n");
  });
});
