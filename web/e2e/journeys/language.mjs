import assert from "node:assert/strict";
import { unique } from "../mail.mjs";
import { violations } from "./accessibility.mjs";
import { fits } from "./looks.mjs";

const PAGES = [
  ["conversations", "Konversationen"],
  ["channels", "Kanäle"],
  ["channels/new", "Neuer Kanal"],
  ["webhooks", "Webhooks"],
  ["outbox", "Sandbox-Ausgang"],
  ["api-keys", "API-Schlüssel"],
  ["messages", "Nachrichten"],
  ["broadcasts", "Rundmails"],
  ["broadcasts/new", "Neue Rundmail"],
  ["lists", "Listen"],
  ["domains", "Domains"],
  ["templates", "Vorlagen"],
  ["suppressions", "Sperrliste"],
  ["analytics", "Auswertung"],
];

/** In the account menu, whichever language it is in. */
async function choose(page, language) {
  await page.getByTitle(/^(Account|Konto):/).click();
  await page.getByRole("group", { name: /^(Language|Sprache)$/ }).getByRole("menuitemradio", { name: language }).click();
}

async function languageOf(page) {
  return page.evaluate(() => document.documentElement.lang);
}

export const language = [
  {
    name: "language: the account menu switches to German without losing a draft, a reload keeps it, and a command brings English back",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation, subject } = await context.receive(channel);
      const page = await context.signedInPage({ bypassCSP: true });
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      await page.getByRole("textbox", { name: "Message" }).waitFor();
      await page.keyboard.type("Half an answer");
      await choose(page, "Deutsch");

      const editor = page.getByRole("textbox", { name: "Nachricht" });
      await editor.getByText("Half an answer").waitFor();
      await page.getByRole("button", { name: "Entwurf verwerfen" }).waitFor();
      await page.getByRole("navigation", { name: "Hauptnavigation" }).waitFor();
      assert.equal(await languageOf(page), "de");
      // As a German writes it: 29.11.2026, 14:05.
      await page.locator("article time[title]").first().waitFor();
      assert.match(await page.locator("article time[title]").first().getAttribute("title"), /^\d\d\.\d\d\.\d{4}, \d\d:\d\d$/);
      await page.getByRole("heading", { name: subject, level: 1 }).waitFor();
      assert.deepEqual(await violations(page), []);

      await page.reload();
      await editor.getByText("Half an answer").waitFor();
      await page.getByTitle(/^Konto:/).click();
      const chosen = page.getByRole("group", { name: "Sprache" }).getByRole("menuitemradio", { name: "Deutsch" });
      assert.equal(await chosen.getAttribute("aria-checked"), "true");
      assert.deepEqual(await violations(page), []);
      await page.keyboard.press("Escape");

      // What the server refuses it refuses in English, and a voice reads it so.
      await context.open(page, "/profile");
      await page.getByRole("textbox", { name: "Ihre Signatur" }).fill("{{agent.phone}}");
      await page.getByRole("button", { name: "Signatur speichern" }).click();
      const refusal = page.getByRole("alert").filter({ hasText: "Ihre Signatur wurde nicht gespeichert" });
      await refusal.locator('p[lang="en"]').getByText("is not known").waitFor();
      await page.locator('[id$="-error"] [lang="en"]').getByText("is not known").waitFor();
      await context.open(page, `/conversations/${conversation.id}`);
      await editor.getByText("Half an answer").waitFor();

      await page.keyboard.press("Control+k");
      await page.getByRole("dialog", { name: "Befehlspalette" }).getByRole("combobox").fill("Sprache");
      await page.getByRole("option", { name: "Sprache: English" }).click();
      await page.getByRole("textbox", { name: "Message" }).getByText("Half an answer").waitFor();
      assert.equal(await languageOf(page), "en");
      assert.deepEqual(page.failures, []);
    },
  },
  {
    name: "language: what is not saved is asked about before another language is spoken",
    async run(context) {
      const template = await context.api("POST", "/templates", { name: `language_${Date.now()}`, content: { subject: "Hello", text: "Hello" } });
      const page = await context.signedInPage();
      await context.open(page, `/templates/${template.id}`);
      const subject = page.getByLabel("Subject");
      await subject.fill("Hello again");
      await choose(page, "Deutsch");
      await page.getByRole("button", { name: "Stay here" }).click();
      assert.equal(await subject.inputValue(), "Hello again");
      await page.reload().catch(() => undefined);
      assert.equal(await languageOf(page), "en", "who stays keeps the language");
      await subject.fill("Hello again");
      await choose(page, "Deutsch");
      await page.getByRole("button", { name: "Leave" }).click();
      await page.getByLabel("Betreff").waitFor();
      assert.equal(await page.getByLabel("Betreff").inputValue(), "Hello");
      await context.api("DELETE", `/templates/${template.id}`);
    },
  },
  {
    name: "language: who has not chosen reads the browser's, loads no other, and finds every page on a phone",
    async run(context) {
      const stranger = await context.freshPage({ locale: "de-AT", bypassCSP: true });
      await context.open(stranger, "/sign-in");
      await stranger.getByRole("button", { name: "Anmelden" }).waitFor();
      assert.deepEqual(await violations(stranger), []);
      const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: "de-DE", bypassCSP: true };
      const page = await context.signedInPage(phone);
      const scripts = [];
      page.on("request", (request) => scripts.push(new URL(request.url()).pathname));
      const found = [];
      for (const [path, title] of PAGES) {
        await context.open(page, `/${path}`);
        await page.getByRole("heading", { name: title, level: 1 }).waitFor();
        await fits(page, title);
        for (const each of await violations(page)) found.push(`/${path}: ${each}`);
      }
      assert.deepEqual(found, []);
      assert.ok(scripts.some((path) => path.startsWith("/assets/de-")), "German is loaded");
      assert.ok(!scripts.some((path) => path.startsWith("/assets/en-")), "English is not");
    },
  },
  {
    name: "language: a workspace set to German asks its customers in German, on the phone and in the dark, too",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      await context.api("PUT", `/channels/${channel.id}/survey`, { enabled: true, delayHours: 0, contactDays: 30 });
      await context.api("PATCH", "/workspace", { language: "de" });
      try {
        const mail = await context.receive(channel, { from: `Frieda <${unique("frieda")}@example.org>`, subject: unique("Meine Lampe") });
        const link = await surveyOf(context, mail.conversation.id);
        for (const [colorScheme, width] of [["light", 1440], ["dark", 390], ["light", 390], ["dark", 1440]]) {
          const stranger = await context.freshPage({ colorScheme, viewport: { width, height: 860 }, locale: "en-US", bypassCSP: true });
          await stranger.goto(link);
          await stranger.getByRole("heading", { name: "Wie war unsere Hilfe?" }).waitFor();
          assert.equal(await languageOf(stranger), "de");
          await fits(stranger, `the survey, ${colorScheme}`);
          assert.deepEqual(await violations(stranger), []);
        }
        const stranger = await context.freshPage({ locale: "en-US" });
        await stranger.goto(`${link}?rating=ok`);
        assert.equal(await stranger.getByRole("radio", { name: "Geht so" }).isChecked(), true);
        await stranger.getByLabel(/ergänzen/).fill("Ging schnell");
        await stranger.getByRole("button", { name: "Antwort senden" }).click();
        await stranger.getByRole("heading", { name: "Vielen Dank" }).waitFor();
        await stranger.getByRole("button", { name: "Antwort ändern" }).waitFor();
        assert.equal((await context.api("GET", `/conversations/${mail.conversation.id}`)).rating.comment, "Ging schnell");
      } finally {
        await context.api("PATCH", "/workspace", { language: null });
      }
    },
  },
];

/** Where the link of a survey leads, once the conversation is resolved. */
async function surveyOf(context, conversation) {
  await context.api("PATCH", `/conversations/${conversation}`, { status: "resolved" });
  const survey = await context.eventually("the survey's mail", async () => {
    const { items } = await context.api("GET", `/conversations/${conversation}/messages`);
    return items.find((each) => each.customData.surveyId);
  });
  const answer = await fetch(`${context.server.url}/api/v1/messages/${survey.id}/raw`, { headers: { authorization: `Bearer ${context.server.apiKey}` } });
  const raw = (await answer.text()).replaceAll("=\r\n", "").replaceAll("=3D", "=");
  assert.match(raw, /^Content-Language: de\r$/m);
  assert.match(raw, /Guten Tag Frieda,/);
  return /http\S+\/survey\/[\w-]+\/[\w-]+/.exec(raw)[0];
}
