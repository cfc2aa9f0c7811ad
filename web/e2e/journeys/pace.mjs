import assert from "node:assert/strict";
import { unique } from "../mail.mjs";
import { violations } from "./accessibility.mjs";

const LOOKS = ["light", "dark"].flatMap((colorScheme) => [1440, 390].map((width) => ({ colorScheme, width })));

/** Wide for a phone: what has to be moved sideways. */
const overflowing = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

/** The shortest time that can be promised, and a little. */
const MINUTE_MS_MAX = 100_000;

const looks = LOOKS.map(({ colorScheme, width }) => ({
  name: `axe finds nothing on the pages of SLA and insight, ${colorScheme}, ${width} px`,
  async run(context) {
    const channel = await context.channel({ provider: "sandbox" });
    const name = unique("Usual");
    const scope = { channelIds: [channel.id] };
    const policy = await context.api("POST", "/sla-policies", { name, appliesTo: scope, firstResponseSeconds: 60, resolutionSeconds: 172_800, businessHoursOnly: false });
    const { conversation } = await context.receive(channel);
    await context.eventually("a timer", async () => (await context.api("GET", `/conversations/${conversation.id}`)).sla);
    const page = await context.signedInPage({ colorScheme, viewport: { width, height: 860 }, bypassCSP: true });
    const found = [];
    const check = async (what) => {
      for (const each of await violations(page)) found.push(`${what}: ${each}`);
      if (await overflowing(page)) found.push(`${what} is wider than ${width} px`);
    };
    await context.open(page, `/conversations?channel=${channel.id}`);
    await page.getByText(/left$|over$/).first().waitFor();
    await check("a timer in the list");
    await context.open(page, `/conversations/${conversation.id}`);
    await page.getByText(/^First answer: .*(left|over)$/).waitFor();
    await check("a timer at a conversation's head");
    await context.open(page, "/sla-policies");
    await page.getByRole("button", { name: `Edit ${name}` }).click();
    await page.getByRole("dialog").waitFor();
    await check("the dialog of a policy");
    await page.keyboard.press("Escape");
    await check("the policies");
    await context.open(page, "/insight");
    await page.getByRole("img", { name: /Received, answered and resolved/ }).waitFor();
    await page.getByRole("table").waitFor();
    await check("the insight");
    await page.getByRole("button", { name: "Show as table" }).click();
    await page.getByRole("table").nth(1).waitFor();
    await check("the table of the insight");
    await context.api("DELETE", `/sla-policies/${policy.id}`);
    assert.deepEqual(found, []);
  },
}));

export const pace = [
  {
    name: "a policy promises an answer: its timer runs beside the conversation, an answer ends it, and what is late is found",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox", name: unique("Promised") });
      await context.channel();
      const page = await context.signedInPage();
      await context.open(page, "/automations");
      await page.getByRole("link", { name: "SLA policies" }).click();
      await page.getByRole("heading", { name: "SLA policies", level: 1 }).waitFor();
      await page.getByRole("button", { name: "New policy" }).click();
      await page.getByRole("button", { name: "Create policy" }).click();
      await page.getByText("Give the policy a name.").waitFor();
      await page.getByText("Give a time for at least one of them.").waitFor();
      const name = unique("Fast");
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByLabel("First answer: how much time").fill("1");
      await page.getByLabel("First answer: in what").selectOption("minutes");
      await page.getByRole("checkbox", { name: channel.name }).check();
      await page.getByRole("button", { name: "Create policy" }).click();
      await page.getByText("First answer within 1 minute").waitFor();
      await page.getByText(`For ${channel.name}`).waitFor();

      const late = await context.receive(channel);
      const answered = await context.receive(channel);
      await context.open(page, `/conversations?channel=${channel.id}`);
      const row = page.getByRole("link", { name: new RegExp(answered.subject) });
      await row.getByText(/left$/).waitFor();
      await row.click();
      await page.getByText(/^First answer: .*left$/).waitFor();
      await page.getByRole("button", { name: "Write a reply" }).click();
      await page.getByRole("textbox", { name: "Message" }).fill("On its way.");
      await page.keyboard.press("Control+Enter");
      // The answer ends it, here and in the list.
      await page.getByText(/^First answer: /).waitFor({ state: "detached" });
      await row.getByText(/left$/).waitFor({ state: "detached" });

      await context.open(page, `/conversations?channel=${channel.id}&sla=breached`);
      await page.getByRole("link", { name: new RegExp(late.subject) }).waitFor({ timeout: MINUTE_MS_MAX });
      await context.counts(row, 0);
      await page.getByRole("button", { name: "SLA: Overdue" }).waitFor();
      await context.open(page, "/conversations?q=is%3Aoverdue");
      await page.getByRole("link", { name: new RegExp(late.subject) }).waitFor();

      await context.open(page, "/sla-policies");
      await page.getByRole("button", { name: `Delete ${name}` }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByText(name, { exact: true }).waitFor({ state: "detached" });
      await context.eventually("its timers to end", async () => (await context.api("GET", `/conversations/${late.conversation.id}`)).sla === null);
    },
  },
  {
    name: "the insight tells how much came and how fast it was answered, by whom, and as a file",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox", name: unique("Measured") });
      const mails = [await context.receive(channel), await context.receive(channel), await context.receive(channel)];
      const page = await context.signedInPage();
      await context.openConversation(page, mails[0].conversation.id);
      await page.getByRole("button", { name: "Write a reply" }).click();
      await page.getByRole("textbox", { name: "Message" }).fill("Here you are.");
      await page.keyboard.press("Control+Enter");
      await context.api("PATCH", `/conversations/${mails[0].conversation.id}`, { status: "resolved" });
      await context.eventually("the answer to be counted", async () => {
        const { answers, resolved } = await context.api("GET", `/insight/summary?channelId=${channel.id}`);
        return answers === 1 && resolved === 1;
      });
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Insight" }).click();
      await page.getByRole("heading", { name: "Insight", level: 1 }).waitFor();
      await page.getByLabel("Channel", { exact: true }).selectOption({ label: channel.name });
      const tile = (name) => page.locator("dl > div", { has: page.getByText(name, { exact: true }) });
      await tile("Received").getByText("3", { exact: true }).waitFor();
      await tile("Answers").getByText("1", { exact: true }).waitFor();
      await tile("First answer").getByText(/^<1m$|^\d+m$/).waitFor();
      assert.match(page.url(), new RegExp(`channel=${channel.id}`));

      // By whom: an answer is its author's.
      const people = page.getByRole("group", { name: "By person" });
      await people.getByRole("row", { name: new RegExp(`^${context.server.email} .*`) }).waitFor();
      await page.getByRole("button", { name: "Channel", exact: true }).click();
      await page.getByRole("group", { name: "By channel" }).getByRole("row", { name: new RegExp(channel.name) }).waitFor();
      await page.reload();
      await page.getByRole("group", { name: "By channel" }).waitFor();
      await page.getByRole("button", { name: "7 days" }).click();
      await page.getByRole("button", { name: "Show as table" }).click();
      const days = page.getByRole("group", { name: "Mails and conversations" });
      await context.counts(days.getByRole("row"), 8);

      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export CSV" }).click()]);
      assert.equal(file.suggestedFilename(), "insight.csv");
      await page.getByRole("link", { name: "Delivery" }).click();
      await page.getByRole("heading", { name: "Analytics", level: 1 }).waitFor();
      assert.deepEqual(page.failures, []);
    },
  },
  ...looks,
];
