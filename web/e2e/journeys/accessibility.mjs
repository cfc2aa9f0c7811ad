import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { unique } from "../mail.mjs";

const axe = createRequire(import.meta.url)("axe-core").source;

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
  return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

/** A page, and all that axe finds on what is visited with it. */
async function examined(context, colorScheme, width) {
  // The page's own policy forbids what axe is put in by.
  const options = { colorScheme, viewport: { width, height: 860 }, bypassCSP: true };
  const page = await context.signedInPage(options);
  const found = [];
  const check = async (what) => {
    for (const each of await violations(page)) found.push(`${what}: ${each}`);
  };
  const visit = async (path, ready) => {
    await context.open(page, path);
    await ready();
    await check(path);
  };
  const heading = (name) => () => page.getByRole("heading", { name, level: 1 }).first().waitFor();
  return { page, found, check, visit, heading, options };
}

const LOOKS = ["light", "dark"].flatMap((colorScheme) => [1440, 390].map((width) => ({ colorScheme, width })));

const everyPage = LOOKS.map(({ colorScheme, width }) => ({
  name: `axe finds nothing on any page, ${colorScheme}, ${width} px`,
  async run(context) {
    const channel = await context.channel({ provider: "sandbox" });
    const { conversation } = await context.receive(channel);
    const endpoint = await context.api("POST", "/webhooks", { url: "https://hooks.example.org/in", events: ["*"] });
    const domain = await context.api("POST", "/domains", { name: `${unique("axe")}.example.org` });
    const template = await context.api("POST", "/templates", {
      name: unique("welcome"),
      content: { subject: "Welcome, {{first_name}}", html: "<h1>Welcome, {{first_name}}</h1>" },
    });
    const { page, found, check, visit, heading, options } = await examined(context, colorScheme, width);
    await visit("/conversations", () => page.locator("[data-row]").first().waitFor());
    await visit(`/conversations/${conversation.id}`, heading(conversation.subject));
    await page.keyboard.press("r");
    await page.getByRole("textbox", { name: "Message" }).waitFor();
    await check("the composer");
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    await page.getByRole("textbox", { name: "Internal note" }).waitFor();
    await check("the note");
    await visit("/people", heading("People"));
    await page.getByRole("button", { name: "Invite a colleague" }).click();
    await page.getByLabel("Email address").waitFor();
    await check("inviting");
    await page.keyboard.press("Escape");
    await visit("/teams", heading("Teams"));
    await page.getByRole("button", { name: "New team" }).first().click();
    await page.getByRole("group", { name: "Members" }).waitFor();
    await check("a new team");
    await page.keyboard.press("Escape");
    await visit("/profile", heading("Your profile"));
    await page.getByRole("button", { name: "Set up an app" }).click();
    await page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
    await check("setting up an authenticator app");
    await page.keyboard.press("Escape");
    await visit("/settings", heading("Workspace"));
    await page.getByRole("button", { name: "Set up a provider" }).click();
    await check("setting up an identity provider");
    await visit("/audit-log", () => page.getByRole("row").nth(1).waitFor());
    await visit("/channels", heading("Channels"));
    await visit("/channels/new", heading("New channel"));
    await visit(`/channels/${channel.id}`, heading(channel.name));
    await visit("/webhooks", heading("Webhooks"));
    await visit(`/webhooks/${endpoint.id}`, heading("hooks.example.org/in"));
    await visit("/outbox", heading("Sandbox outbox"));
    await visit("/api-keys", heading("API keys"));
    await visit("/domains", heading("Domains"));
    await visit(`/domains/${domain.id}`, heading(domain.name));
    await visit("/templates", heading("Templates"));
    await visit(`/templates/${template.id}`, () => page.getByTitle("The mail as its recipient sees it").waitFor());
    await visit("/suppressions", heading("Suppressions"));
    await page.getByRole("button", { name: "Add address" }).click();
    await page.getByRole("dialog").waitFor();
    await check("the dialog of a suppression");
    await page.keyboard.press("Escape");
    await visit("/contacts", heading("Contacts"));
    await page.getByRole("button", { name: "New contact" }).click();
    await page.getByRole("dialog").waitFor();
    await check("a new contact");
    await page.keyboard.press("Escape");
    await visit(`/contacts/${conversation.contactId}`, () => page.getByRole("heading", { name: "Everything written" }).waitFor());
    await page.getByRole("button", { name: "Add attribute" }).click();
    await check("an attribute of a contact");
    await page.getByRole("button", { name: /^More about/ }).click();
    await page.getByRole("menuitem", { name: "Erase contact" }).click();
    await page.getByRole("dialog").getByText(/conversation/).first().waitFor();
    await check("erasing a contact");
    await page.keyboard.press("Escape");
    await visit("/ratings", heading("Satisfaction"));
    await visit("/retention", () => page.getByRole("button", { name: "See what would go" }).waitFor());
    await visit("/analytics", () => page.getByRole("img", { name: /by day/ }).waitFor());
    await page.getByRole("button", { name: "Show as table" }).click();
    await check("the table of figures");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await check("the overview of keys");
    await context.api("DELETE", `/templates/${template.id}`);
    await context.api("DELETE", `/domains/${domain.id}`);
    await context.api("DELETE", `/webhooks/${endpoint.id}`);
    const stranger = await context.freshPage(options);
    await context.open(stranger, "/sign-in");
    await stranger.getByRole("button", { name: "Sign in" }).waitFor();
    for (const each of await violations(stranger)) found.push(`/sign-in: ${each}`);
    assert.deepEqual(found, []);
  },
}));

const sendingPages = LOOKS.map(({ colorScheme, width }) => ({
  name: `axe finds nothing on the pages of what is sent, ${colorScheme}, ${width} px`,
  async run(context) {
    const list = await context.api("POST", "/lists", { name: unique("Readers") });
    await context.api("POST", `/lists/${list.id}/members`, { members: [{ address: "ada@example.org", variables: { first_name: "Ada" } }] });
    const useCase = await context.useCase();
    const content = { type: "email", email: { subject: unique("Receipt"), html: "<p>Thank you</p>" } };
    const sent = await context.api("POST", "/messages", { useCaseId: useCase.id, to: "ada@example.org", content });
    const spring = { name: unique("Spring"), useCaseId: useCase.id, listId: list.id, subject: "Hello", text: "Spring is here." };
    const broadcast = await context.api("POST", "/broadcasts", spring);
    await context.api("POST", `/broadcasts/${broadcast.id}/send`);
    const { page, found, check, visit, heading } = await examined(context, colorScheme, width);
    await visit("/messages", () => page.locator("[data-row]").first().waitFor());
    await visit(`/messages/${sent.id}`, () => page.getByText("Attempt 1: captured").waitFor());
    await visit("/broadcasts", () => page.getByText(broadcast.name).waitFor());
    await visit("/broadcasts/new", heading("New broadcast"));
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByText("Give the broadcast a name.").waitFor();
    await check("the complaints about a broadcast");
    await visit(`/broadcasts/${broadcast.id}`, () => page.getByText("1 of 1 messages are through").waitFor());
    await visit("/lists", heading("Lists"));
    await visit(`/lists/${list.id}`, () => page.getByText("first_name: Ada").waitFor());
    await context.api("DELETE", `/lists/${list.id}`);
    assert.deepEqual(found, []);
  },
}));

export const accessibility = [...everyPage, ...sendingPages];
