import assert from "node:assert/strict";
import { unique } from "../mail.mjs";
import { violations } from "./accessibility.mjs";

const LOOKS = ["light", "dark"].flatMap((colorScheme) => [1440, 390].map((width) => ({ colorScheme, width })));

/** Wide for a phone: what has to be moved sideways. */
const overflowing = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

const looks = LOOKS.map(({ colorScheme, width }) => ({
  name: `axe finds nothing on the pages of automations, ${colorScheme}, ${width} px`,
  async run(context) {
    const channel = await context.channel({ provider: "sandbox" });
    const word = unique("axe");
    await context.receive(channel, { subject: `${word} before` });
    const conditions = { match: "any", items: [{ field: "subject", operator: "contains", value: word }, { field: "businessHours", operator: "is", value: "outside" }] };
    const actions = [{ type: "addLabel", label: "axe" }, { type: "reply", text: "Thank you." }, { type: "stop" }];
    const automation = await context.api("POST", "/automations", { name: unique("Axe"), trigger: "message.received", conditions, actions });
    await context.receive(channel, { subject: `${word} after` });
    // The page's own policy forbids what axe is put in by.
    const page = await context.signedInPage({ colorScheme, viewport: { width, height: 860 }, bypassCSP: true });
    const found = [];
    const check = async (what) => {
      for (const each of await violations(page)) found.push(`${what}: ${each}`);
      if (await overflowing(page)) found.push(`${what} is wider than ${width} px`);
    };
    await context.open(page, "/automations");
    await page.getByRole("link", { name: new RegExp(automation.name) }).waitFor();
    await check("the list");
    await context.open(page, `/automations/${automation.id}`);
    await page.getByRole("list", { name: "What it did" }).getByText(`${word} after`).waitFor();
    await page.getByRole("button", { name: "Try it on past mail" }).click();
    await page.getByRole("list", { name: "Try it on past mail" }).getByText(`${word} before`).waitFor();
    await check("one with its log and a dry run");
    await context.open(page, "/automations/new");
    await page.getByRole("button", { name: "Save automation" }).click();
    await page.getByText("Give the automation a name.").waitFor();
    await check("the complaints");
    await context.open(page, "/business-hours");
    await page.getByLabel("Time zone").waitFor();
    await check("business hours");
    await context.api("DELETE", `/automations/${automation.id}`);
    assert.deepEqual(found, []);
  },
}));

export const automations = [
  {
    name: "a rule asks for a rating once what it waits for has happened",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const word = unique("rating");
      const page = await context.signedInPage();
      await context.open(page, "/automations/new");
      await page.getByLabel("Name").fill(unique("Ask"));
      await page.getByRole("group", { name: "Condition 1" }).getByLabel("Value").fill(word);
      const action = page.getByRole("group", { name: "Action 1" });
      await action.getByLabel("Do this").selectOption({ label: "Ask for a rating" });
      await action.getByText(/At most once in the days/).waitFor();
      await page.getByRole("button", { name: "Save automation" }).click();
      await page.getByText("Automation saved").waitFor();
      const from = `Ray <${unique("ray")}@example.org>`;
      const { conversation } = await context.receive(channel, { from, subject: word });
      await context.eventually("the survey's mail", async () => {
        const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
        return items.find((each) => each.customData.surveyId);
      });
      const { items } = await context.api("GET", "/automations");
      const made = items.find((each) => each.conditions.items.some(({ value }) => value === word));
      await context.api("DELETE", `/automations/${made.id}`);
      assert.deepEqual(page.failures, []);
    },
  },
  {
    name: "a rule is made by hand, tried on past mail, labels and assigns the next mail, and the log says so",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const word = unique("parcel");
      const past = await context.receive(channel, { subject: `Where is my ${word}?` });
      const page = await context.signedInPage();
      await context.open(page, "/automations");
      await page.getByRole("link", { name: /New automation|Begin from scratch/ }).click();
      await page.getByRole("heading", { name: "New automation", level: 1 }).waitFor();

      // What is missing is said where it is missing.
      await page.getByRole("button", { name: "Save automation" }).click();
      await page.getByText("Give the automation a name.").waitFor();
      await page.getByText("Say what to look for.").waitFor();
      const name = unique("Parcels");
      await page.getByLabel("Name").fill(name);
      const condition = page.getByRole("group", { name: "Condition 1" });
      await condition.getByLabel("Value").fill(word);
      await page.getByRole("group", { name: "Action 1" }).getByLabel("Label").fill("delivery");
      await page.getByRole("button", { name: "Add an action" }).click();
      const second = page.getByRole("group", { name: "Action 2" });
      await second.getByLabel("Do this").selectOption({ label: "Assign to somebody" });
      await second.getByLabel("Person").selectOption({ index: 1 });

      await page.getByRole("button", { name: "Try it on past mail" }).click();
      const found = page.getByRole("list", { name: "Try it on past mail" });
      await found.getByText(past.subject).waitFor();
      await page.getByText(/^1 of \d+ mails? would match/).waitFor();
      await found.getByText("delivery").waitFor();
      assert.deepEqual((await context.api("GET", `/conversations/${past.conversation.id}`)).labels, []);

      await page.getByRole("button", { name: "Save automation" }).click();
      await page.getByText("Automation saved").waitFor();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      await page.getByText("It has not matched anything yet").waitFor();

      const next = await context.receive(channel, { subject: `My ${word} is here` });
      const log = page.getByRole("list", { name: "What it did" });
      await log.getByText(next.subject).waitFor();
      await log.getByText("Add a label: delivery").waitFor();
      const { labels, assigneeId } = await context.api("GET", `/conversations/${next.conversation.id}`);
      assert.deepEqual(labels, ["delivery"]);
      assert.ok(assigneeId);

      await log.getByRole("link", { name: next.subject }).click();
      await page.getByRole("heading", { name: next.subject, level: 1 }).waitFor();
      await context.open(page, "/automations");
      const turn = page.getByRole("switch", { name: `“${name}” is on` });
      await turn.click();
      await page.getByText(`“${name}” is off`).first().waitFor();
      assert.equal(await turn.getAttribute("aria-checked"), "false");
      await page.getByRole("link", { name: new RegExp(name) }).click();
      await page.getByRole("button", { name: "Delete automation" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete automation" }).click();
      await page.getByText("Automation deleted").waitFor();
    },
  },
  {
    name: "rules are put in order by keyboard, and an out-of-office rule is made from what is offered",
    async run(context) {
      const names = ["First", "Second", "Third"].map(unique);
      const made = [];
      for (const name of names) {
        made.push(await context.api("POST", "/automations", { name, trigger: "message.received", actions: [{ type: "stop" }] }));
      }
      const page = await context.signedInPage();
      await context.open(page, "/automations");
      const order = async () => {
        const { items } = await context.api("GET", "/automations");
        return items.map((each) => each.name).filter((name) => names.includes(name));
      };
      await page.getByRole("button", { name: `Move “${names[2]}” up` }).focus();
      await page.keyboard.press("Enter");
      await context.eventually("the third to be second", async () => (await order())[1] === names[2]);
      await page.keyboard.press("Enter");
      await context.eventually("the third to be first", async () => (await order())[0] === names[2]);
      for (const { id } of made) await context.api("DELETE", `/automations/${id}`);

      await context.open(page, "/automations/new?start=away");
      assert.equal(await page.getByLabel("Name").inputValue(), "Out of office");
      await page.getByRole("button", { name: "Save automation" }).click();
      await page.getByText("Automation saved").waitFor();
      await page.getByText("At most once a day to the same contact").waitFor();
      const { items } = await context.api("GET", "/automations");
      const away = items.find((each) => each.name === "Out of office");
      assert.equal(away.actions[0].type, "reply");
      await context.api("DELETE", `/automations/${away.id}`);
    },
  },
  {
    name: "business hours are set, with a time zone and a holiday",
    async run(context) {
      const page = await context.signedInPage();
      await context.open(page, "/business-hours");
      await page.getByLabel("Time zone").fill("Mars/Olympus");
      await page.getByRole("button", { name: "Save hours" }).click();
      await page.getByText("a time zone of the IANA database is expected").first().waitFor();
      await page.getByLabel("Time zone").fill("Europe/Berlin");
      await page.getByRole("button", { name: "Add hours on Saturday" }).click();
      await page.getByLabel("Saturday, to").fill("08:00");
      await page.getByRole("button", { name: "Save hours" }).click();
      await page.getByText("Enter an end later than the beginning.").waitFor();
      await page.getByLabel("Saturday, to").fill("12:30");
      await page.getByRole("button", { name: "Add a holiday" }).click();
      await page.getByLabel("Day", { exact: true }).fill("2026-12-25");
      await page.getByLabel("Name").fill("Christmas");
      await page.getByRole("button", { name: "Save hours" }).click();
      await page.getByText("Business hours saved").waitFor();
      const { timeZone, weekly, holidays } = await context.api("GET", "/workspace/business-hours");
      assert.equal(timeZone, "Europe/Berlin");
      assert.deepEqual(weekly.at(-1), { day: "saturday", from: "09:00", to: "12:30" });
      assert.deepEqual(holidays, [{ date: "2026-12-25", name: "Christmas" }]);
    },
  },
  ...looks,
];
