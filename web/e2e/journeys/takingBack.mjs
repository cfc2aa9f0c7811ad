import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

async function write(page, text) {
  const editor = page.getByRole("textbox", { name: "Message" });
  await editor.waitFor();
  await editor.click();
  await page.keyboard.type(text);
  return editor;
}

export const takingBack = [
  {
    name: "an answer is taken back, and its draft has everything in it again",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      // As somebody who never chose: ten seconds.
      const page = await context.signedInPage({ undoSeconds: null });
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      const words = unique("Too soon");
      const editor = await write(page, words);
      await page.getByRole("button", { name: "Cc", exact: true }).click();
      await page.getByLabel("Cc", { exact: true }).fill("carl@example.org");
      await page.setInputFiles("input[type=file]", { name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("the plan") });
      await page.getByText("plan.txt").waitFor();
      await page.getByRole("button", { name: "Send", exact: true }).click();
      const sent = page.locator("article[data-direction=outbound]").last();
      await sent.getByText("Goes out in a moment").waitFor();
      await page.getByRole("button", { name: "Undo" }).click();
      await page.getByText("Taken back: it was not sent").waitFor();
      await editor.getByText(words).waitFor();
      await page.getByText("carl@example.org").first().waitFor();
      await page.locator("form").getByText("plan.txt").waitFor();
      await sent.getByText("Cancelled", { exact: true }).waitFor();
      // What was answered is older than what was taken back: nobody wrote meanwhile.
      assert.equal(await page.getByRole("button", { name: "I have read it" }).count(), 0);

      await page.getByRole("button", { name: "Send", exact: true }).click();
      const { items } = await context.eventually("the second sending to be accepted", async () => {
        const found = await context.api("GET", `/messages?conversationId=${conversation.id}&direction=outbound`);
        return found.items.length === 2 && found;
      });
      assert.deepEqual(
        items.map(({ status, recipients, content }) => [status, recipients.length, content.email.attachments.length]),
        [
          ["scheduled", 2, 1],
          ["cancelled", 2, 1],
        ],
      );
    },
  },
  {
    name: "a new message is taken back into its window",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const page = await context.signedInPage({ undoSeconds: 30 });
      await context.open(page, "/channels");
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      await page.keyboard.press("c");
      const dialog = page.getByRole("dialog", { name: "New message" });
      await dialog.getByLabel("From").selectOption(`${channel.id} ${channel.inboundAddress}`);
      await dialog.getByLabel("To", { exact: true }).fill("bob@example.org");
      const subject = unique("Offer");
      await dialog.getByLabel("Subject").fill(subject);
      const editor = await write(page, "Dear Bob,");
      await dialog.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByRole("heading", { name: subject, level: 1 }).waitFor();
      await page.getByRole("button", { name: "Undo" }).click();
      await editor.getByText("Dear Bob,").waitFor();
      assert.equal(await dialog.getByLabel("Subject").inputValue(), subject);
      assert.equal(await dialog.getByLabel("From").inputValue(), `${channel.id} ${channel.inboundAddress}`);
      await dialog.getByText("bob@example.org").waitFor();

      // Thrown away, it can be had back as well.
      await dialog.getByRole("button", { name: "Discard draft" }).click();
      await page.getByText("Draft discarded").waitFor();
      await page.getByRole("button", { name: "Undo" }).last().click();
      await editor.getByText("Dear Bob,").waitFor();
      assert.equal(await dialog.getByLabel("Subject").inputValue(), subject);
    },
  },
  {
    name: "how long sending can be undone is chosen, and off is off",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const page = await context.signedInPage({ undoSeconds: null });
      await context.openConversation(page, conversation.id);
      await page.getByTitle(/^Account/).click();
      assert.equal(await page.getByRole("menuitemradio", { name: "For 10 seconds" }).getAttribute("aria-checked"), "true");
      await page.getByRole("menuitemradio", { name: "Off" }).click();
      await page.keyboard.press("r");
      await write(page, "At once.");
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=outbound]").getByText("Delivered", { exact: true }).waitFor();
      await context.counts(page.getByRole("button", { name: "Undo" }), 0);
    },
  },
];
