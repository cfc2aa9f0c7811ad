import assert from "node:assert/strict";
import { startDovecot } from "../dovecot.mjs";
import { sendMail, textMail, unique } from "../mail.mjs";
import { startSubmission } from "../mailbox.mjs";

const PASSWORD = "the-password-of-the-mailbox";

/** Both servers of a mailbox; its mail is in a real Dovecot. */
async function mailbox(context) {
  const [dovecot, submission] = [await startDovecot(PASSWORD), await startSubmission(PASSWORD)];
  context.closers.push(() => dovecot.close(), () => submission.close());
  return { dovecot, submission };
}

async function chooseWay(context, page, way) {
  await context.open(page, "/channels/new");
  await page.getByRole("button", { name: way }).click();
}

export const channels = [
  {
    name: "a forwarding channel is created by hand, waits for its first mail, shows it and answers it",
    async run(context) {
      const page = await context.signedInPage();
      const stream = page.waitForResponse(/events\/stream/);
      await context.open(page, "/channels");
      await stream;
      await page.getByRole("link", { name: "New channel" }).click();
      await page.getByRole("button", { name: /^Forwarding/ }).click();
      await page.getByRole("button", { name: "Create channel" }).click();
      await page.getByText("Give the channel a name.").waitFor();
      const name = unique("Sales");
      await page.getByLabel("Name", { exact: true }).fill(name);
      // What was typed outlives going back, another choice and a reload.
      await page.getByRole("button", { name: "Back" }).click();
      await page.getByRole("button", { name: /^Mailbox/ }).click();
      await page.reload();
      await page.getByRole("button", { name: "Back" }).click();
      await page.getByRole("button", { name: /^Forwarding/ }).click();
      assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), name);
      await page.getByRole("button", { name: "Create channel" }).click();
      await page.getByText("Waiting for your test email…").waitFor();

      const { items } = await context.api("GET", "/channels");
      const channel = items.find((item) => item.name === name);
      await page.getByText(channel.inboundAddress, { exact: true }).waitFor();
      const subject = unique("First");
      const raw = textMail({ from: "ada@example.org", to: channel.inboundAddress, subject, text: "The first." });
      await sendMail(context.server.smtpAddr, { from: "ada@example.org", to: channel.inboundAddress, raw });
      await page.getByRole("article", { name: subject }).getByText("The first.").waitFor();
      await page.getByRole("button", { name: "Open the conversation" }).click();
      await page.getByRole("heading", { name: subject, level: 1 }).waitFor();
      // The next one begins at the beginning.
      await context.open(page, "/channels/new");
      await page.getByRole("heading", { name: "How does your mail come in?" }).waitFor();
    },
  },
  {
    name: "a mailbox's servers are found, a wrong password is explained, and its test mail arrives",
    async run(context) {
      const { dovecot, submission } = await mailbox(context);
      const domain = `${unique("box")}.example.org`;
      context.server.names.publish([
        { type: "SRV", name: `_imap._tcp.${domain}`, value: `0 0 ${dovecot.port} mail.${domain}` },
        { type: "SRV", name: `_submission._tcp.${domain}`, value: `0 0 ${submission.port} mail.${domain}` },
        { type: "A", name: `mail.${domain}`, value: "127.0.0.1" },
      ]);
      const email = `support@${domain}`;
      const name = unique("Found");
      const page = await context.signedInPage();
      await chooseWay(context, page, /^Mailbox/);
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByLabel("Email address").fill(email);
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText(`Filled in from the DNS of ${domain}.`, { exact: false }).waitFor();
      assert.equal(await page.getByLabel("SMTP port").inputValue(), String(submission.port));
      assert.equal(await page.getByLabel("IMAP port").inputValue(), String(dovecot.port));
      assert.equal(await page.getByLabel(/^User name/).inputValue(), email);
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("With two-step sign-in it has to be an app password.", { exact: false }).first().waitFor();

      // A host of this machine by its number, and in clear: it is a test.
      for (const server of ["SMTP", "IMAP"]) {
        await page.getByLabel(`${server} host`).fill("127.0.0.1");
        await page.getByLabel(`${server} security`).selectOption("none");
      }
      await page.getByLabel(/^Password/).fill("not the password");
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("This step failed: Sign in to the SMTP server.").waitFor();
      const step = page.getByRole("listitem").filter({ has: page.getByText("Sign in to the IMAP server", { exact: true }) });
      await step.getByText("What to do:").waitFor();
      await step.getByText("Check user name and password", { exact: false }).waitFor();
      await page.getByText("not tried, since a step before it failed").waitFor();

      await page.getByLabel(/^Password/).fill(PASSWORD);
      await page.getByText("The settings changed since the last test.").waitFor();
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("Everything works.").waitFor();
      await page.getByRole("button", { name: "Create channel" }).click();
      await page.getByRole("heading", { name: "Now write to your mailbox" }).waitFor();
      await page.getByText(email, { exact: true }).waitFor();
      const { items } = await context.api("GET", "/channels");
      const { id, createdAt } = items.find((item) => item.name === name);
      await context.eventually("the mailbox to be connected", async () => {
        const headers = { authorization: `Bearer ${context.server.apiKey}` };
        const answer = await fetch(`${context.server.url}/v1/account/${id}`, { headers });
        // What lay there before stays where it is, and a mailbox knows whole seconds.
        return (await answer.json()).state === "connected" && Date.now() > Date.parse(createdAt) + 1_000;
      });
      const subject = unique("By the mailbox");
      await dovecot.deliver(email, textMail({ from: "Ada Example <ada@example.org>", to: email, subject, text: "It came by IMAP." }));
      await page.getByRole("article", { name: subject }).getByText("It came by IMAP.").waitFor({ timeout: 60_000 });
      await page.getByRole("textbox", { name: "Your answer" }).fill("And goes out by SMTP.");
      await page.getByRole("button", { name: "Send answer" }).click();
      const answer = page.getByRole("article", { name: "Your answer" });
      await answer.getByText(/^(Sent|Delivered)$/).first().waitFor();
    },
  },
  {
    name: "a mailbox is created without a test; then changed and deleted",
    async run(context) {
      const page = await context.signedInPage();
      await chooseWay(context, page, /^Mailbox/);
      const name = unique("Mailbox");
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByLabel("Email address").fill("nobody");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("That is no email address;", { exact: false }).waitFor();
      await page.getByLabel("Email address").fill(`${name.toLowerCase()}@example.org`);
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Nothing was found out about example.org.", { exact: false }).waitFor();
      await page.getByLabel("SMTP host").fill("127.0.0.1");
      await page.getByLabel("SMTP port").fill("1");
      await page.getByLabel(/^Password/).fill("secret");
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("This step failed: Connect to the SMTP server.").waitFor();
      await page.getByText("Check host and port:", { exact: false }).waitFor();
      await page.getByLabel("IMAP host").fill("127.0.0.1");
      await page.getByLabel("IMAP security").selectOption("none");
      assert.equal(await page.getByLabel("IMAP port").inputValue(), "143");
      await page.getByLabel("IMAP port").fill("1");
      await page.getByRole("button", { name: "Test connection" }).click();
      await page.getByText("Connect to the IMAP server", { exact: true }).waitFor();
      await page.getByRole("button", { name: /^Create/ }).click();
      await page.getByRole("link", { name: "Settings of the channel" }).click();

      await page.getByLabel(/^Display name/).fill("The Mailbox");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("Saved", { exact: true }).waitFor();
      const { items } = await context.api("GET", "/channels");
      const channel = items.find((item) => item.name === name);
      assert.equal(channel.displayName, "The Mailbox");

      await page.getByRole("button", { name: "Delete this channel" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete channel" }).click();
      await page.getByText("Channel deleted").waitFor();
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      await context.counts(page.getByText(name), 0);
    },
  },
  {
    name: "domain set-up: its records are published and found, and the first mail to its address arrives",
    async run(context) {
      const domain = `${unique("own")}.example.org`;
      const address = `support@${domain}`;
      const page = await context.signedInPage();
      await chooseWay(context, page, /^A domain of your own/);
      await page.getByLabel("Email address").fill(address);
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Enter the name that people see beside the address.").waitFor();
      await page.getByLabel(/^Sender’s name/).fill("The Shop");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("heading", { name: `Publish the DNS records of ${domain}` }).waitFor();
      await page.getByRole("article", { name: /^Receiving mail/ }).getByText("Not found").waitFor();
      await page.getByText("required records are still to be found", { exact: false }).waitFor();
      await context.counts(page.getByRole("button", { name: "Continue" }), 0);

      const { items } = await context.api("GET", "/domains");
      context.server.names.publish(items.find((item) => item.name === domain).dnsRecords);
      await page.reload();
      await page.getByRole("button", { name: "Check now" }).click();
      await page.getByText("All that is required was found.").waitFor();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Waiting for your test email…").waitFor();
      await page.getByText(address, { exact: true }).waitFor();
      const subject = unique("To the domain");
      const raw = textMail({ from: "ada@example.org", to: address, subject, text: "Straight to you." });
      await sendMail(context.server.smtpAddr, { from: "ada@example.org", to: address, raw });
      await page.getByRole("article", { name: subject }).getByText("Straight to you.").waitFor();
      await page.getByRole("textbox", { name: "Your answer" }).fill("And straight back.");
      await page.keyboard.press("Control+Enter");
      await page.getByRole("article", { name: "Your answer" }).getByText("And straight back.").waitFor();
    },
  },
  {
    name: "failed delivery and retry: the conversation tells why, and trying again succeeds",
    async run(context) {
      const submission = await startSubmission(PASSWORD);
      context.closers.push(() => submission.close());
      submission.behaviour.refuses = "550 5.1.1 nobody of this name here";
      const name = unique("refused");
      const channel = await context.channel({
        provider: "smtp_imap",
        emailAddress: `${name}@example.org`,
        config: { smtpHost: "127.0.0.1", smtpPort: submission.port, smtpSecurity: "none", username: "me", password: PASSWORD },
      });
      const from = `${name}-reader@example.org`;
      const { conversation } = await context.receive(channel, { from });
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      const editor = page.getByRole("textbox", { name: "Message" });
      await editor.click();
      await page.keyboard.type("Does this reach you?");
      await page.keyboard.press("Control+Enter");
      const sent = page.locator("article[data-direction=outbound]").last();
      await sent.getByText("Bounced", { exact: true }).first().waitFor();
      await sent.getByText("nobody of this name here", { exact: false }).first().waitFor();

      // Whoever bounced is suppressed: that too has to be mended.
      const { items } = await context.api("GET", `/suppressions?address=${encodeURIComponent(from)}`);
      for (const { id } of items) await context.api("DELETE", `/suppressions/${id}`);
      submission.behaviour.refuses = null;
      await sent.getByRole("button", { name: "Try again" }).click();
      await sent.getByText(/^(Sent|Delivered)$/).first().waitFor();
      await sent.getByRole("button", { name: "Show the delivery of this message" }).click();
      await sent.getByText("2.0.0 taken", { exact: false }).first().waitFor();
      await context.counts(sent.getByRole("button", { name: "Try again" }), 0);
    },
  },
  {
    name: "what is typed into a channel's settings outlives a colleague's change, and leaving it is asked about",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox", displayName: "The Shop" });
      const team = await context.api("POST", "/teams", { name: unique("Team") });
      const page = await context.signedInPage();
      const stream = page.waitForResponse(/events\/stream/);
      await context.open(page, `/channels/${channel.id}`);
      await stream;
      const [name, displayName] = [page.getByLabel("Name", { exact: true }), page.getByLabel("Display name")];
      const renamed = unique("Renamed");
      await displayName.fill("The Bicycle Shop");
      await context.api("PATCH", `/channels/${channel.id}`, { name: renamed });
      // Channels are asked for again when a team is gone.
      await context.api("DELETE", `/teams/${team.id}`);
      await page.getByRole("heading", { name: renamed, level: 1 }).waitFor();
      assert.equal(await displayName.inputValue(), "The Bicycle Shop");
      assert.equal(await name.inputValue(), channel.name);

      // Saving one form of the page forgets nothing of the other.
      await page.getByRole("checkbox", { name: "Ask how the help was" }).click();
      const leaving = page.getByRole("dialog", { name: "Leave without saving?" });
      await page.getByRole("button", { name: "Save survey" }).click();
      await page.getByText("Saved", { exact: true }).first().waitFor();
      await page.getByRole("link", { name: "Webhooks" }).click();
      await leaving.getByRole("button", { name: "Stay here" }).click();

      await page.getByRole("button", { name: "Save", exact: true }).click();
      await context.eventually("what was typed alone to be saved", async () => {
        const kept = await context.api("GET", `/channels/${channel.id}`);
        return kept.displayName === "The Bicycle Shop" && kept.name === renamed;
      });
      // With nothing typed, what a colleague saves is shown.
      await context.eventually("the new name in its field", async () => (await name.inputValue()) === renamed);
      await page.getByRole("link", { name: "Webhooks" }).click();
      await page.getByRole("heading", { name: "Webhooks", level: 1 }).waitFor();
    },
  },
];
