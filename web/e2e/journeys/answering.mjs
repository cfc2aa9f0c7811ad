import assert from "node:assert/strict";
import { textMail, unique } from "../mail.mjs";

/** The editor is fetched when somebody begins to write. */
async function write(page, text) {
  const editor = page.getByRole("textbox", { name: "Message" });
  await editor.waitFor();
  await editor.click();
  await page.keyboard.type(text);
}

export const answering = [
  {
    name: "an answer goes out with its formatting, tells its delivery, and lies in the sandbox's outbox",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation, subject } = await context.receive(channel);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.getByRole("button", { name: "Write a reply" }).click();
      await page.getByText("ada@example.org", { exact: true }).first().waitFor();
      const words = unique("answer");
      await write(page, `Hello Ada, `);
      await page.keyboard.press("Control+b");
      await page.keyboard.type(words);
      await page.setInputFiles("input[type=file]", { name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("the plan") });
      await page.getByText("plan.txt").waitFor();
      await page.keyboard.press("Control+Enter");

      const sent = page.locator("article[data-direction=outbound]").last();
      await sent.waitFor();
      await sent.getByText(/^(Sent|Delivered)$/).waitFor();
      await sent.getByRole("link", { name: /Download plan\.txt/ }).waitFor();
      await sent.getByRole("button", { name: "Show the delivery of this message" }).click();
      await sent.getByText("Captured in the sandbox", { exact: false }).waitFor();

      const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
      const answer = items.find((item) => item.direction === "outbound");
      assert.match(answer.content.email.html, new RegExp(`<(strong|b)>${words}</(strong|b)>`));
      assert.match(answer.content.email.text, new RegExp(`Hello Ada, ${words}`));
      assert.equal(answer.metadata.inReplyTo, items[0].metadata.messageId);

      await context.open(page, "/outbox");
      await page.getByRole("link", { name: new RegExp(subject) }).click();
      await page.frameLocator("iframe").getByText(words).waitFor();
      await page.getByRole("tab", { name: "Raw" }).click();
      await page.getByText(/^Message-ID:/im).waitFor();
      await page.getByRole("tab", { name: "Text" }).click();
      await page.getByText(`Hello Ada, ${words}`).waitFor();
    },
  },
  {
    name: "a signature is shown where one writes, names whoever does, and is left out at will",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox", signature: { text: "{{agent.name}}\nThe lamp shop" } });
      const { conversation } = await context.receive(channel);
      const page = await context.colleaguePage("Grace Lamp");
      await context.open(page, "/profile");
      await page.getByRole("textbox", { name: "Your signature" }).fill("Bright regards");
      await page.getByRole("button", { name: "Save signature" }).click();
      await page.getByText("Your signature is saved").waitFor();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      const signature = page.getByRole("group", { name: "Signature" });
      await signature.getByText("Bright regards Grace Lamp The lamp shop").waitFor();
      await page.getByRole("textbox", { name: "Message" }).fill("They are on their way.");
      await page.keyboard.press("Control+Enter");
      const answers = page.getByRole("region", { name: "Messages" }).getByRole("article");
      await answers.nth(1).frameLocator("iframe").getByText("The lamp shop").waitFor();
      await answers.nth(1).frameLocator("iframe").getByText("Grace Lamp").waitFor();
      await answers.nth(1).frameLocator("iframe").getByText("Bright regards").waitFor();

      await page.keyboard.press("r");
      await page.getByRole("textbox", { name: "Message" }).fill("And they are here.");
      await signature.getByRole("button", { name: "Leave out" }).click();
      await signature.getByText("Without a signature").waitFor();
      await page.getByRole("button", { name: "Send", exact: true }).click();
      const bare = answers.nth(2).frameLocator("iframe");
      await bare.getByText("And they are here.").waitFor();
      await context.counts(bare.getByText("The lamp shop"), 0);
      assert.deepEqual(page.failures, []);
    },
  },
  {
    name: "an answer is written from the address that was written to, or from another of the channel's",
    async run(context) {
      const host = `${unique("acme")}.example.org`;
      const own = { emailAddress: `support@${host}`, aliases: [`sales@${host}`, `press@${host}`] };
      const channel = await context.channel({ provider: "sandbox", ...own });
      const subject = unique("Price");
      const raw = textMail({ from: "Ada Example <ada@example.org>", to: `sales@${host}`, subject, text: "What is the price?" });
      const { conversation } = await context.receive(channel, { subject, raw });
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      await write(page, "Ten.");
      const from = page.getByRole("combobox", { name: "From" });
      assert.equal(await from.inputValue(), `sales@${host}`);
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=outbound]").nth(0).waitFor();

      await page.keyboard.press("r");
      await write(page, "And a brochure.");
      await from.selectOption(`press@${host}`);
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=outbound]").nth(1).waitFor();
      const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
      const senders = items.filter((item) => item.direction === "outbound").map((item) => item.from);
      assert.deepEqual(senders, [`sales@${host}`, `press@${host}`]);
    },
  },
  {
    name: "a message can be sent later, and be cancelled before",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      await write(page, "Later, then.");
      await page.getByRole("button", { name: "More ways to send" }).click();
      await page.getByRole("button", { name: /Tomorrow morning/ }).click();
      const scheduled = page.locator("article[data-direction=outbound]").last();
      await scheduled.getByText("Scheduled", { exact: true }).waitFor();
      // The message is told of before the composer closes, and its closing moves what is above it.
      await page.getByRole("button", { name: "Write a reply" }).waitFor();
      await scheduled.getByRole("button", { name: "Cancel sending" }).click();
      await scheduled.getByText("Cancelled", { exact: true }).waitFor();
    },
  },
  {
    name: "a new message begins a conversation",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const page = await context.signedInPage();
      await context.open(page, "/channels");
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      await page.keyboard.press("c");
      const dialog = page.getByRole("dialog", { name: "New message" });
      await dialog.getByLabel("From").selectOption(`${channel.id} ${channel.inboundAddress}`);
      await dialog.getByLabel("To", { exact: true }).fill("bob@example.org");
      const subject = unique("Offer");
      await dialog.getByLabel("Subject").fill(subject);
      await write(page, "Dear Bob,");
      await dialog.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByRole("heading", { name: subject, level: 1 }).waitFor();
      await page.locator("article[data-direction=outbound]").getByText(/^(Sent|Delivered)$/).waitFor();
    },
  },
  {
    name: "what the server refuses is said, and nothing that was written is lost",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      await write(page, "Precious words.");
      await page.context().setOffline(true);
      await page.getByText("You are offline", { exact: false }).waitFor();
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByRole("alert").getByText("The server could not be reached.").waitFor();
      await page.getByRole("textbox", { name: "Message" }).getByText("Precious words.").waitFor();
      await page.context().setOffline(false);
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.locator("article[data-direction=outbound]").waitFor();
      await context.eventually("exactly one answer", async () => {
        const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
        return items.filter((item) => item.direction === "outbound").length === 1;
      });
    },
  },
  {
    name: "an answer to sixty people can be written and sent on a phone, and resolves at once by keys",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const guests = Array.from({ length: 60 }, (_, index) => `guest${index}@a-long-domain-name.example.org`);
      const { conversation } = await context.receive(channel, { headers: { Cc: guests.join(",\n ") } });
      const page = await context.signedInPage({ viewport: { width: 390, height: 844 } });
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      await write(page, "Dear all,");
      const editor = page.getByRole("textbox", { name: "Message" });
      // The head of the message says how many there are; the answer names each.
      await page.getByText("and 60 more").waitFor({ state: "attached" });
      await page.getByRole("button", { name: `Remove ${guests[59]}` }).waitFor();
      for (const part of [editor, page.getByRole("button", { name: "Send", exact: true })]) {
        const { y, height } = await part.boundingBox();
        assert.ok(y > 0 && y + height < 844, `it lies within the window: from ${y}, ${height} high`);
      }
      // One stop on the way to the text, however many they are; each is reached with the arrow keys.
      await page.getByLabel("Cc", { exact: true }).focus();
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("Delete");
      await context.counts(page.getByRole("button", { name: `Remove ${guests[58]}` }), 0);
      await page.keyboard.press("Tab");
      assert.ok(await editor.evaluate((element) => element === document.activeElement), "the text is next");
      // Nothing is in it, so there is nothing to send.
      await page.setInputFiles("input[type=file]", { name: "nothing.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) });
      await page.getByText("nothing.txt was not attached: it is empty", { exact: false }).waitFor();
      await editor.click();
      await page.keyboard.press("Control+Shift+Enter");
      await page.locator("article[data-direction=outbound]").waitFor();
      await context.eventually("the conversation to be resolved", async () => {
        const { status } = await context.api("GET", `/conversations/${conversation.id}`);
        return status === "resolved";
      });
    },
  },
];
