import assert from "node:assert/strict";
import { violations } from "./accessibility.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

export const firstStart = [
  {
    name: "the first start leads from nothing to the first conversation and its answer",
    async run(context) {
      const counts = await context.api("GET", "/conversations?take=1");
      // Only a fresh server is at its first start; one that was handed over may have mail.
      if (counts.items.length > 0) {
        assert.ok(process.env.POSTROOM_URL, "a fresh server has no conversation");
        return;
      }
      const { items } = await context.api("GET", "/channels");
      const address = items[0].inboundAddress;
      const waiting = "Waiting for your test email…";
      // Who can't create a channel is not asked to.
      const agent = await context.colleaguePage("Agent");
      await context.open(agent, "/");
      await agent.getByText(waiting).waitFor();
      await agent.getByText(address, { exact: true }).waitFor();
      await context.open(agent, "/channels/new");
      await agent.getByRole("heading", { name: "Ask an administrator" }).waitFor();
      await agent.getByRole("link", { name: context.server.email }).waitFor();

      // The page's own policy forbids what axe is put in by. High enough that the navigation's end is not cut off, which other journeys look at.
      const page = await context.signedInPage({ bypassCSP: true, viewport: { width: 1440, height: 1300 } });
      const stream = page.waitForResponse(/events\/stream/);
      await context.open(page, "/");
      await stream;
      await page.getByRole("heading", { name: "Bring your mail in" }).waitFor();
      assert.deepEqual(await violations(page), []);
      // From one step to the next by the keyboard alone.
      await page.getByRole("button", { name: /^A domain of your own/ }).focus();
      await page.keyboard.press("Enter");
      await page.getByLabel("Email address").fill("support@first.example.org");
      await page.getByRole("button", { name: "Back" }).click();
      await page.getByRole("button", { name: /^Forwarding/ }).click();
      await page.getByText(address, { exact: true }).waitFor();
      await page.getByText(waiting).waitFor();
      await page.getByRole("button", { name: "Microsoft 365" }).click();
      await page.getByText("Manage email forwarding", { exact: false }).waitFor();
      assert.deepEqual(await violations(page), []);
      await page.reload();
      await page.getByText(waiting).waitFor();
      await page.getByRole("button", { name: "Another way" }).click();
      await page.getByRole("button", { name: /^A domain of your own/ }).click();
      assert.equal(await page.getByLabel("Email address").inputValue(), "support@first.example.org");
      await page.getByRole("button", { name: "Back" }).click();
      await page.getByRole("button", { name: /^Forwarding/ }).click();
      await page.setViewportSize(PHONE.viewport);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "it fits a phone");

      await page.getByRole("button", { name: "Send a sample mail now" }).click();
      const heading = page.getByRole("heading", { name: "Your mail is here" });
      await heading.waitFor();
      assert.ok(await heading.evaluate((element) => element === document.activeElement), "reading goes on at the mail");
      const mail = page.getByRole("article", { name: "A first mail to Postroom" });
      await mail.getByText("this is a sample mail", { exact: false }).waitFor();
      await mail.getByText("Postroom Sample").waitFor();
      assert.deepEqual(await violations(page), []);
      await page.reload();
      await mail.waitFor();
      await page.getByRole("button", { name: "Send answer" }).click();
      await page.getByText("Write a line first.").waitFor();
      await page.getByRole("textbox", { name: "Your answer" }).fill("Thank you, it works.");
      await page.keyboard.press("Control+Enter");
      const answer = page.getByRole("article", { name: "Your answer" });
      await answer.getByText("Thank you, it works.").waitFor();
      await answer.getByText("Delivered", { exact: true }).first().waitFor();
      assert.deepEqual(await violations(page), []);
      await page.getByRole("button", { name: "Open the conversation" }).click();
      const messages = page.getByRole("region", { name: "Messages" });
      await messages.getByText("this is a sample mail").waitFor();
      await messages.getByText("Thank you, it works.").waitFor();

      // That was the first start: the inbox is what it is from here on.
      await context.open(page, "/conversations");
      await page.getByRole("link", { name: /A first mail to Postroom/ }).waitFor();
    },
  },
];
