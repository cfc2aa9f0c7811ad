import assert from "node:assert/strict";

export const firstStart = [
  {
    name: "the first start leads from nothing to the first conversation",
    async run(context) {
      const counts = await context.api("GET", "/conversations?take=1");
      // Only a fresh server is at its first start; one that was handed over may have mail.
      if (counts.items.length > 0) {
        assert.ok(process.env.POSTROOM_URL, "a fresh server has no conversation");
        return;
      }
      const page = await context.signedInPage();
      const stream = page.waitForResponse(/events\/stream/);
      await context.open(page, "/");
      await stream;
      await page.getByRole("heading", { name: "Send yourself the first mail" }).waitFor();
      const { items } = await context.api("GET", "/channels");
      await page.getByText(items[0].inboundAddress, { exact: true }).waitFor();
      await page.getByText("Waiting for your first mail…").waitFor();
      await page.getByRole("button", { name: "Send a sample mail now" }).click();
      await page.getByRole("link", { name: /A first mail to Postroom/ }).click();
      await page.getByRole("region", { name: "Messages" }).getByText("this is a sample mail").waitFor();
    },
  },
];
