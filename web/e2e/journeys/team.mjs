import assert from "node:assert/strict";

export const team = [
  {
    name: "a note stays inside; resolving, reopening, assigning, labelling and snoozing are kept",
    async run(context) {
      const channel = await context.channel();
      const { conversation } = await context.receive(channel);
      const now = () => context.api("GET", `/conversations/${conversation.id}`);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.getByRole("button", { name: "Write a note" }).click();
      await page.keyboard.type("Ask finance first.");
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=note]").getByText("Ask finance first.").waitFor();
      const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
      assert.equal(items.at(-1).private, true);

      await page.getByRole("button", { name: "Resolve" }).click();
      await context.eventually("resolved", async () => (await now()).status === "resolved");
      await page.getByRole("button", { name: "Reopen" }).click();
      await context.eventually("open again", async () => (await now()).status === "open");

      await page.getByRole("button", { name: /^Assign:/ }).click();
      // The field that narrows the list has the focus.
      await page.keyboard.type(context.server.email);
      await page.keyboard.press("Enter");
      await context.eventually("an assignee", async () => (await now()).assigneeId !== null);

      await page.getByRole("button", { name: "Labels", exact: true }).click();
      await page.keyboard.type("urgent");
      await page.keyboard.press("Enter");
      await context.eventually("the label", async () => (await now()).labels.includes("urgent"));
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Remove label urgent" }).click();
      await context.eventually("no label", async () => (await now()).labels.length === 0);

      await page.getByRole("button", { name: "Snooze", exact: true }).click();
      await page.getByRole("button", { name: /Tomorrow morning/ }).click();
      const snoozed = await context.eventually("snoozed", async () => {
        const found = await now();
        return found.status === "snoozed" && found;
      });
      assert.ok(new Date(snoozed.snoozedUntil) > new Date());
    },
  },
  {
    name: "what one person changes, another sees at once",
    async run(context) {
      const channel = await context.channel();
      const { conversation, subject } = await context.receive(channel);
      const first = await context.signedInPage();
      const second = await context.signedInPage();
      const stream = second.waitForResponse(/events\/stream/);
      await context.open(second, "/conversations");
      await stream;
      const row = second.getByRole("link", { name: new RegExp(subject) });
      await row.waitFor();
      await context.openConversation(first, conversation.id);
      await first.getByRole("button", { name: "Resolve" }).click();
      await row.waitFor({ state: "detached" });
      await first.getByRole("button", { name: "Reopen" }).click();
      await row.waitFor();
    },
  },
];
