import assert from "node:assert/strict";

export const drafts = [
  {
    name: "a draft outlives another conversation and a reload, and is gone once it is sent",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const one = await context.receive(channel);
      const two = await context.receive(channel, { from: "Bob <bob@example.org>" });
      const page = await context.signedInPage();
      await context.openConversation(page, one.conversation.id);
      await page.keyboard.press("r");
      const editor = page.getByRole("textbox", { name: "Message" });
      await editor.waitFor();
      await page.keyboard.type("Half an answer");
      await page.getByRole("link", { name: new RegExp(two.subject) }).click();
      await page.getByRole("heading", { name: two.subject, level: 1 }).waitFor();
      await context.counts(page.getByText("Half an answer"), 0);
      await page.getByRole("link", { name: new RegExp(one.subject) }).click();
      await editor.getByText("Half an answer").waitFor();
      await page.reload();
      await editor.getByText("Half an answer").waitFor();
      await editor.click();
      await page.keyboard.press("Control+End");
      await page.keyboard.type(", now whole.");
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=outbound]").waitFor();
      await page.reload();
      await page.getByRole("button", { name: "Write a reply" }).waitFor();
      const { items } = await context.api("GET", `/conversations/${one.conversation.id}/messages`);
      assert.match(items.at(-1).content.email.text, /^Half an answer, now whole\./);
    },
  },
];
