import assert from "node:assert/strict";
import { sendMail, textMail, unique } from "../mail.mjs";

export const channels = [
  {
    name: "a forwarding channel is created by hand, waits for its first mail, and leads to it",
    async run(context) {
      const page = await context.signedInPage();
      const stream = page.waitForResponse(/events\/stream/);
      await context.open(page, "/channels");
      await stream;
      await page.getByRole("link", { name: "New channel" }).click();
      await page.getByRole("radio", { name: /Forwarding/ }).check();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("button", { name: "Create channel" }).click();
      await page.getByText("Give the channel a name.").waitFor();
      const name = unique("Sales");
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByRole("button", { name: "Create channel" }).click();
      await page.getByText("Waiting for your first mail…").waitFor();

      const { items } = await context.api("GET", "/channels");
      const channel = items.find((item) => item.name === name);
      await page.getByText(channel.inboundAddress, { exact: true }).waitFor();
      const subject = unique("First");
      const raw = textMail({ from: "ada@example.org", to: channel.inboundAddress, subject, text: "The first." });
      await sendMail(context.server.smtpAddr, { from: "ada@example.org", to: channel.inboundAddress, raw });
      await page.getByRole("button", { name: /It is here/ }).click();
      await page.getByRole("heading", { name: subject, level: 1 }).waitFor();
    },
  },
  {
    name: "a mailbox is tested before it is saved, with a result a step; then changed and deleted",
    async run(context) {
      const page = await context.signedInPage();
      await context.open(page, "/channels/new");
      await page.getByRole("radio", { name: /Mailbox/ }).check();
      await page.getByRole("button", { name: "Continue" }).click();
      const name = unique("Mailbox");
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByLabel("Email address").fill(`${name.toLowerCase()}@example.org`);
      await page.getByLabel("SMTP host").fill("127.0.0.1");
      await page.getByLabel("SMTP port").fill("1");
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("Not everything works yet.").waitFor();
      await page.getByText("Connect to the SMTP server").waitFor();
      await page.getByLabel("IMAP host").fill("127.0.0.1");
      await page.getByLabel("IMAP security").selectOption("none");
      assert.equal(await page.getByLabel("IMAP port").inputValue(), "143");
      await page.getByLabel("IMAP port").fill("1");
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("Connect to the IMAP server").waitFor();
      await page.getByRole("button", { name: "Create channel" }).click();
      await page.getByRole("link", { name: "Settings" }).click();

      await page.getByLabel(/^Display name/).fill("The Mailbox");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved", { exact: true }).waitFor();
      const { items } = await context.api("GET", "/channels");
      const channel = items.find((item) => item.name === name);
      assert.equal(channel.displayName, "The Mailbox");

      await page.getByRole("button", { name: "Delete this channel" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete channel" }).click();
      await page.getByText("Channel deleted").waitFor();
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      assert.equal(await page.getByText(name).count(), 0);
    },
  },
];
