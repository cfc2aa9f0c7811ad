import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

export const messageLog = [
  {
    name: "what is sent comes into the log by itself, tells its story, and leads to its conversation",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const page = await context.signedInPage();
      await context.open(page, "/");
      await page.getByRole("link", { name: "Messages" }).waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("m");
      await page.getByRole("heading", { name: "Messages", level: 1 }).waitFor();

      const subject = unique("Receipt");
      const tag = unique("receipt");
      const email = { subject, html: "<p>Thank you!</p>" };
      const sent = await context.api("POST", "/messages", { channelId: channel.id, to: "ada@example.org", tags: [tag], content: { type: "email", email } });
      const row = page.getByRole("link", { name: new RegExp(subject) });
      await row.getByText("Delivered", { exact: true }).waitFor();
      await row.click();

      const detail = page.getByRole("region", { name: "One message" });
      await detail.getByRole("heading", { name: subject }).waitFor();
      await detail.getByText("Accepted", { exact: true }).waitFor();
      await detail.getByText("Attempt 1: captured").waitFor();
      await detail.getByText("The sandbox kept it", { exact: false }).waitFor();
      await detail.frameLocator("iframe").getByText("Thank you!").waitFor();
      await context.counts(detail.getByRole("button", { name: "Try again" }), 0);
      await detail.getByRole("button", { name: "Raw source" }).click();
      await page.getByRole("dialog").getByText(/^Message-ID:/im).waitFor();
      await page.keyboard.press("Escape");

      await detail.getByRole("link", { name: tag }).click();
      await page.getByRole("button", { name: `Tag: ${tag}` }).waitFor();
      await context.counts(page.locator("[data-row]"), 1);
      await row.click();
      await detail.getByRole("link", { name: "Conversation" }).click();
      await page.waitForURL(`**/conversations/${sent.conversationId}`);
    },
  },
  {
    name: "the log is narrowed by recipient, status, sender and days, and the address keeps it",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const useCase = await context.useCase();
      const address = `${unique("grace")}@example.org`;
      const subject = unique("Narrow");
      const content = { type: "email", email: { subject, text: "…" } };
      await context.api("POST", "/messages", { channelId: channel.id, to: address, content });
      const sent = await context.api("POST", "/messages", { useCaseId: useCase.id, to: address, content });
      // Suppressed while it waits, it would be held back too.
      const isThrough = async () => (await context.api("GET", `/messages/${sent.id}`)).status === "delivered";
      await context.eventually("what is sent before the suppression", isThrough);
      await context.api("POST", "/suppressions", { address, scope: "workspace", reason: "manual" });
      const held = await context.api("POST", "/messages", { useCaseId: useCase.id, to: address, content });
      assert.equal(held.status, "suppressed");

      const page = await context.signedInPage();
      await context.open(page, "/messages");
      const rows = page.locator("[data-row]");
      const shown = (count) => context.eventually(`${count} rows`, async () => (await rows.count()) === count);
      await page.getByRole("searchbox", { name: "Find by recipient" }).fill(address.toUpperCase());
      await shown(3);
      await page.getByRole("button", { name: "Sent by: Anyone" }).click();
      await page.getByRole("menuitemradio", { name: useCase.name }).click();
      await shown(2);
      await page.getByRole("button", { name: "Status: Any status" }).click();
      await page.getByRole("menuitemradio", { name: "Suppressed" }).click();
      await shown(1);
      await page.reload();
      await shown(1);

      await rows.first().click();
      const detail = page.getByRole("region", { name: "One message" });
      await detail.getByText("Held back", { exact: true }).waitFor();
      await detail.getByText("not sent: the address is suppressed", { exact: false }).waitFor();
      const { items } = await context.api("GET", `/suppressions?address=${encodeURIComponent(address)}`);
      await context.api("DELETE", `/suppressions/${items[0].id}`);
      await detail.getByRole("button", { name: "Try again" }).click();
      await detail.getByText("Attempt 1: captured").waitFor();
      await page.getByRole("heading", { name: "No such message" }).waitFor();

      await page.getByRole("button", { name: /^Days: / }).click();
      await page.getByLabel("From", { exact: true }).fill("2020-01-01");
      await page.getByLabel("To", { exact: true }).fill("2020-01-31");
      await page.getByRole("button", { name: "Show these days" }).click();
      await page.getByRole("button", { name: "Days: 1 Jan 2020 – 31 Jan 2020" }).waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      await rows.first().waitFor();
    },
  },
];
