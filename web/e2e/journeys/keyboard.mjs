import assert from "node:assert/strict";

export const keyboard = [
  {
    name: "the inbox is worked by keys alone",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const older = await context.receive(channel);
      const newer = await context.receive(channel, { from: "Bob <bob@example.org>" });
      const page = await context.signedInPage();
      await context.open(page, `/conversations?channel=${channel.id}`);
      await page.getByRole("link", { name: new RegExp(newer.subject) }).waitFor();
      const heading = (subject) => page.getByRole("heading", { name: subject, level: 1 }).waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("j");
      await page.keyboard.press("Enter");
      await heading(older.subject);
      await page.keyboard.press("k");
      await heading(newer.subject);
      await page.keyboard.press("e");
      await context.eventually("resolved", async () =>
        (await context.api("GET", `/conversations/${newer.conversation.id}`)).status === "resolved",
      );
      await page.keyboard.press("u");
      await page.getByRole("heading", { name: "Conversations", level: 1 }).waitFor({ state: "attached" });

      // The row that has the focus is meant, by its key and in the palette.
      await page.keyboard.press("j");
      await page.keyboard.press("p");
      await page.getByRole("combobox", { name: "Find a priority" }).fill("urgent");
      await page.keyboard.press("Enter");
      const priority = async () => (await context.api("GET", `/conversations/${older.conversation.id}`)).priority;
      await context.eventually("the priority", async () => (await priority()) === "urgent");
      await page.locator("[data-row]").first().focus();
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog").getByRole("combobox").fill("read or unread");
      await page.keyboard.press("Enter");
      await page.getByText("1 conversation marked as unread").waitFor();
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog").getByRole("combobox").fill("assigned to me");
      await page.keyboard.press("Enter");
      await page.waitForURL(/assignee=me/);

      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });

      for (const [key, title] of [["c", "Channels"], ["w", "Webhooks"], ["o", "Sandbox outbox"], ["k", "API keys"]]) {
        await page.keyboard.press("g");
        await page.keyboard.press(key);
        await page.getByRole("heading", { name: title, level: 1 }).waitFor();
      }

      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("dark");
      await page.keyboard.press("Enter");
      await context.eventually("the dark theme", async () => (await page.locator("html").getAttribute("data-theme")) === "dark");
      await page.reload();
      assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
    },
  },
];
