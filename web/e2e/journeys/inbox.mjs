import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

/** What a change may change. */
const stateOf = ({ status, assigneeId, labels, snoozedUntil, unread }) => ({ status, assigneeId, labels, snoozedUntil, unread });

export const inbox = [
  {
    name: "a priority is set by key, shown in the list, and searched for; a conversation is found by its number",
    async run(context) {
      const channel = await context.channel();
      const { conversation, subject } = await context.receive(channel);
      await context.receive(channel);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("p");
      await page.getByRole("combobox", { name: "Find a priority" }).waitFor();
      await page.keyboard.type("urg");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Priority: Urgent" }).waitFor();
      const row = page.getByRole("link", { name: new RegExp(subject) });
      await row.getByText("Urgent").waitFor();
      await context.eventually("the priority", async () => (await context.api("GET", `/conversations/${conversation.id}`)).priority === "urgent");

      const number = await page.getByTitle(/^Number \d+ of this workspace$/).innerText();
      const box = page.getByRole("combobox", { name: "Search conversations" });
      for (const query of [number, `priority:urgent ${number}`]) {
        await box.fill(query);
        await page.keyboard.press("Enter");
        await context.eventually(query, async () => (await page.locator("[data-row]").count()) === 1);
        await row.waitFor();
      }
    },
  },
  {
    name: "search: operators are suggested, recognised, explained and applied; what was found is marked",
    async run(context) {
      const channel = await context.channel();
      const word = unique("zebra").replaceAll("-", "");
      const found = await context.receive(channel, { subject: `Invoice ${word}`, text: `Hello,\n\nthe ${word} lamp flickers.\n` });
      const other = await context.receive(channel, { subject: `Question ${word}`, from: "Bob <bob@example.org>" });
      await context.eventually("the index", async () => (await context.api("GET", `/conversations?q=${word}`)).items.length === 2);
      const page = await context.signedInPage();
      await context.open(page, "/conversations");
      const rows = page.locator("[data-row]");
      const box = page.getByRole("combobox", { name: "Search conversations" });
      await rows.first().waitFor();

      // By keys alone: the operator, its value, the words.
      await page.keyboard.press("/");
      await page.keyboard.type("su");
      await page.getByRole("option", { name: /^subject:/ }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.type(`invoice ${word} is:un`);
      await page.getByRole("option", { name: /^is:unread/ }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      assert.equal(await box.inputValue(), `subject:invoice ${word} is:unread `);
      await page.getByRole("link", { name: new RegExp(found.subject) }).waitFor();
      await page.getByRole("link", { name: new RegExp(other.subject) }).waitFor({ state: "detached" });
      const chips = page.getByRole("list", { name: "In this search" });
      await context.counts(chips.getByRole("listitem"), 2);

      // Marked in the list and, once it is open, in the message.
      await context.eventually("marks in the list", async () => (await rows.first().locator("mark").allInnerTexts()).includes(word));
      await rows.first().click();
      await page.locator("article mark").first().waitFor();
      assert.ok((await page.locator("article mark").allInnerTexts()).includes(word));

      // What can't be read is said, and not asked for.
      await box.fill("is:teleported");
      await page.keyboard.press("Enter");
      await page.getByText("“is:teleported” is not known.", { exact: false }).waitFor();
      await box.fill(`${word} -subject:invoice`);
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: new RegExp(other.subject) }).waitFor();
      await page.getByRole("link", { name: new RegExp(found.subject) }).waitFor({ state: "detached" });
      await page.getByRole("button", { name: /^Remove not subject invoice/ }).click();
      await page.getByRole("link", { name: new RegExp(found.subject) }).waitFor();
    },
  },
  {
    name: "search: words are marked in HTML mail without touching it",
    async run(context) {
      const channel = await context.channel();
      const word = unique("giraffe").replaceAll("-", "");
      const { conversation } = await context.receiveHtml(channel, { subject: `About ${word}`, text: word, html: `<p>The <b>${word}</b> eats.</p>` });
      await context.eventually("the index", async () => (await context.api("GET", `/conversations?q=${word}`)).items.length === 1);
      const page = await context.signedInPage();
      await context.open(page, `/conversations/${conversation.id}?q=${word}`);
      const frame = page.frameLocator("article iframe");
      await frame.getByText("eats.").waitFor();
      await context.eventually("a highlight", () =>
        frame.locator("body").evaluate(() => [...(CSS.highlights.get("postroom-found") ?? [])].length === 1),
      );
      await context.counts(frame.locator("mark"), 0);
    },
  },
  {
    name: "many are changed at once, and undone to what each was",
    async run(context) {
      const channel = await context.channel();
      const mails = [];
      for (let n = 0; n < 4; n += 1) mails.push(await context.receive(channel));
      const path = ({ conversation }) => `/conversations/${conversation.id}`;
      await context.api("PATCH", path(mails[0]), { labels: ["first"], unread: false });
      await context.api("PATCH", path(mails[1]), { status: "pending" });
      const states = () => Promise.all(mails.map(async (mail) => stateOf(await context.api("GET", path(mail)))));
      const before = await states();
      const page = await context.signedInPage();
      await context.open(page, `/conversations?status=all&channel=${channel.id}`);
      await page.getByRole("link", { name: new RegExp(mails[3].subject) }).waitFor();

      // Newest first: x, then Shift down the list.
      await page.keyboard.press("j");
      await page.keyboard.press("x");
      await page.getByRole("toolbar", { name: "Selected conversations" }).waitFor();
      await page.keyboard.press("Shift+J");
      await page.keyboard.press("Shift+J");
      await page.getByText("3 selected").waitFor();
      await page.getByRole("button", { name: "Select all 4 loaded" }).click();
      await page.getByText("4 selected").waitFor();
      await page.keyboard.press("e");
      await page.getByText("4 conversations resolved").waitFor();
      await context.eventually("all resolved", async () => (await states()).every((state) => state.status === "resolved"));
      await page.getByRole("button", { name: "Undo" }).click();
      await context.eventually("each as it was", async () => JSON.stringify(await states()) === JSON.stringify(before));

      // Shift and a click take what is between; a label goes on all of them.
      await page.getByRole("checkbox", { name: new RegExp(mails[3].subject) }).check();
      await page.getByRole("link", { name: new RegExp(mails[1].subject) }).click({ modifiers: ["Shift"] });
      await page.getByText("3 selected").waitFor();
      await page.keyboard.press("l");
      await page.keyboard.type("urgent");
      await page.keyboard.press("Enter");
      await context.eventually("labelled", async () => {
        const labels = (await states()).map((state) => state.labels.join());
        return labels.join("|") === "first|urgent|urgent|urgent";
      });
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Undo" }).last().click();
      await context.eventually("no label", async () => JSON.stringify(await states()) === JSON.stringify(before));
    },
  },
  {
    name: "snooze: it leaves the list and comes back in its time",
    async run(context) {
      const channel = await context.channel();
      const { conversation, subject } = await context.receive(channel);
      const page = await context.signedInPage();
      const stream = page.waitForResponse(/events\/stream/);
      await context.open(page, `/conversations?channel=${channel.id}`);
      await stream;
      const row = page.getByRole("link", { name: new RegExp(subject) });
      await row.waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("h");
      const moments = page.getByRole("group", { name: "Snooze" });
      await moments.waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await row.waitFor({ state: "detached" });
      // The row goes at once, the server hears of it a moment later.
      const snoozed = await context.eventually("the snooze", async () => {
        const found = await context.api("GET", `/conversations/${conversation.id}`);
        return found.status === "snoozed" && found;
      });
      assert.ok(new Date(snoozed.snoozedUntil) > new Date());
      await page.getByRole("button", { name: /^Status:/ }).click();
      await page.getByRole("menuitemradio", { name: "Snoozed" }).click();
      await row.waitFor();
      await page.getByRole("button", { name: /^Status:/ }).click();
      await page.getByRole("menuitemradio", { name: "Open" }).click();
      await row.waitFor({ state: "detached" });
      await context.api("PATCH", `/conversations/${conversation.id}`, { snoozedUntil: new Date(Date.now() + 1_500).toISOString() });
      await row.waitFor({ timeout: 30_000 });
      const awake = await context.api("GET", `/conversations/${conversation.id}`);
      assert.deepEqual([awake.status, awake.unread, awake.snoozedUntil], ["open", true, null]);
    },
  },
  {
    name: "a view is saved, opened by its key, renamed and deleted",
    async run(context) {
      const channel = await context.channel();
      const { subject } = await context.receive(channel);
      const name = unique("View");
      const page = await context.signedInPage();
      await context.open(page, `/conversations?status=all&channel=${channel.id}`);
      await page.getByRole("link", { name: new RegExp(subject) }).waitFor();
      await page.getByRole("button", { name: "Views: Views" }).click();
      await page.getByRole("menuitem", { name: "Save as view" }).click();
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
      const saved = page.getByRole("list", { name: "Saved views" });
      await saved.getByRole("link", { name }).waitFor();
      await context.open(page, "/conversations");
      await saved.getByRole("link", { name }).waitFor();
      const place = (await saved.getByRole("link").allInnerTexts()).findIndex((text) => text.includes(name)) + 1;
      await page.keyboard.press("g");
      await page.keyboard.press(String(place));
      await page.waitForURL(new RegExp(`channel=${channel.id}`));
      await saved.getByRole("button", { name: `Options of the view “${name}”` }).click();
      await page.getByRole("menuitem", { name: "Share with the workspace" }).click();
      await context.eventually("shared", async () => (await context.api("GET", "/views")).items.some((view) => view.name === name));
      await saved.getByRole("button", { name: `Options of the view “${name}”` }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await saved.getByRole("link", { name }).waitFor({ state: "detached" });
    },
  },
  {
    name: "a note mentions somebody, who is told and finds it",
    async run(context) {
      const channel = await context.channel();
      const { conversation, subject } = await context.receive(channel);
      const email = `${unique("carol")}@example.org`;
      const password = "another journey of a thousand mails";
      const carol = await context.api("POST", "/users", { email, name: unique("Carol"), role: "agent", password });
      const hers = await context.freshPage();
      const { url } = context.server;
      const answer = await hers.request.post(`${url}/api/v1/session`, { data: { email, password }, headers: { origin: url } });
      assert.ok(answer.ok());
      const stream = hers.waitForResponse(/events\/stream/);
      await context.open(hers, "/conversations?mentioned=me");
      await stream;
      await hers.getByText("Nobody mentioned you yet").waitFor();

      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.getByRole("button", { name: "Write a note" }).click();
      await page.keyboard.type(`Please look, @${carol.name.slice(0, 5).toLowerCase()}`);
      await page.getByRole("option", { name: new RegExp(carol.name) }).waitFor();
      const options = await page.getByRole("option").allInnerTexts();
      for (let n = 0; n < options.findIndex((text) => text.includes(carol.name)); n += 1) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=note]").getByText(`@${carol.name}`).waitFor();
      const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
      assert.deepEqual(items.at(-1).mentions, [carol.id]);

      await hers.getByText(`mentioned you in “${subject}”`, { exact: false }).first().waitFor();
      await hers.getByRole("link", { name: /^Mentions 1/ }).waitFor();
      await hers.getByRole("button", { name: "Open", exact: true }).click();
      await hers.getByRole("heading", { name: subject, level: 1 }).waitFor();
      await hers.getByRole("link", { name: /^Mentions$/ }).waitFor();
    },
  },
];
