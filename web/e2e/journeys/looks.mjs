import assert from "node:assert/strict";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const PAGES = [
  ["channels", "Channels"],
  ["webhooks", "Webhooks"],
  ["outbox", "Sandbox outbox"],
  ["api-keys", "API keys"],
  ["messages", "Messages"],
  ["broadcasts", "Broadcasts"],
  ["broadcasts/new", "New broadcast"],
  ["lists", "Lists"],
  ["domains", "Domains"],
  ["templates", "Templates"],
  ["suppressions", "Suppressions"],
  ["analytics", "Analytics"],
  ["insight", "Insight"],
  ["sla-policies", "SLA policies"],
];

/** Nothing is wider than the screen. */
export async function fits(page, where) {
  const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(needed <= there, `${where} is ${needed} px wide on ${there} px`);
}

export const looks = [
  {
    name: "a phone shows one thing at a time, and everything fits",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { subject } = await context.receive(channel);
      const page = await context.signedInPage(PHONE);
      await context.open(page, "/conversations");
      const row = page.getByRole("link", { name: new RegExp(subject) });
      await row.waitFor();
      await fits(page, "the list");
      await row.tap();
      await page.getByRole("heading", { name: subject, level: 1 }).waitFor();
      assert.equal(await row.isVisible(), false);
      await fits(page, "the conversation");
      await page.getByRole("button", { name: "Write a reply" }).tap();
      await page.getByRole("textbox", { name: "Message" }).waitFor();
      await fits(page, "the composer");
      await page.getByRole("button", { name: "Back to the list" }).tap();
      await row.waitFor();
      for (const [path, title] of PAGES) {
        await context.open(page, `/${path}`);
        await page.getByRole("heading", { name: title, level: 1 }).waitFor();
        await fits(page, title);
      }
      await page.getByRole("button", { name: "More" }).tap();
      await page.getByRole("menuitem", { name: "Domains" }).tap();
      await page.getByRole("heading", { name: "Domains", level: 1 }).waitFor();
    },
  },
  {
    name: "a dark system gets a dark page, and a choice outlives a reload",
    async run(context) {
      const page = await context.signedInPage({ colorScheme: "dark" });
      await context.open(page, "/channels");
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      // Changing colours takes a moment.
      const becomes = (light) =>
        page.waitForFunction((wanted) => {
          const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
          return wanted ? (r + g + b) / 3 > 200 : (r + g + b) / 3 < 60;
        }, light);
      await becomes(false);
      await page.getByTitle(/^Account/).click();
      await page.getByRole("menuitemradio", { name: "Light" }).click();
      await becomes(true);
      await page.reload();
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      await becomes(true);
    },
  },
];
