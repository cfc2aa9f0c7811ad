/** Templates as answers that are written already: `/` finds one by its name, and what it comes to for this person goes into the text. */

import type { QueryClient } from "@tanstack/react-query";
import { contacts } from "../api/contacts";
import { templates } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Conversation, TemplateSummary, User } from "../api/types";
import { m } from "../i18n";
import { toast, toastProblem } from "../ui/toast";

const OFFERED_MAX = 8;
const FRESH_MS = 60_000;
/** What stands in an answer for the link of its survey, until the server sends it. */
const SURVEY_PLACE = "{{surveyUrl}}";

/** Those that have every typed word in their name or description, those whose name begins with it first. */
export function matching(all: TemplateSummary[], query: string): TemplateSummary[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((template) => {
    const text = `${template.name} ${template.description ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const begins = (template: TemplateSummary) => (template.name.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return found.toSorted((a, b) => begins(a) - begins(b) || a.name.localeCompare(b.name)).slice(0, OFFERED_MAX);
}

export async function offered(client: QueryClient, query: string): Promise<TemplateSummary[]> {
  try {
    const queryFn = async () => (await templates.list()).items;
    return matching(await client.fetchQuery({ queryKey: keys.templates, queryFn, staleTime: FRESH_MS }), query);
  } catch {
    return [];
  }
}

/** What templates may speak of beside who writes: whom the answer goes to, and what it answers. A new message has neither yet. */
export type About = Pick<Conversation, "id" | "subject" | "contactId"> | null;

async function variables(about: About, user: User): Promise<Record<string, unknown>> {
  const agent = { name: user.name ?? user.email, email: user.email };
  const conversation = about ? { id: about.id, subject: about.subject } : {};
  if (!about?.contactId) return { agent, conversation, contact: {} };
  const contact = await contacts.get(about.contactId);
  const email = (contact.addresses.find((each) => each.primary) ?? contact.addresses[0])?.address ?? "";
  const name = contact.name ?? email;
  const { attributes } = contact;
  const firstName = name.split(/\s+/)[0];
  // As rules name them, too: one template serves both.
  return { agent, conversation, contact: { ...attributes, attributes, name, firstName, email, address: email }, surveyUrl: SURVEY_PLACE };
}

/** The body of a page, or paragraphs of a text. */
export function asContent(html: string | null | undefined, text: string | null | undefined): string {
  if (html) return new DOMParser().parseFromString(html, "text/html").body.innerHTML.trim();
  const holder = document.createElement("p");
  const paragraphs = (text ?? "").trim().split(/\n{2,}/);
  return paragraphs
    .map((paragraph) => {
      holder.textContent = paragraph;
      return `<p>${holder.innerHTML.replaceAll("\n", "<br>")}</p>`;
    })
    .join("");
}

/** With `[order.number]` in the place of what is not known: a gap in a sentence is overlooked. */
export function withPlaces(known: Record<string, unknown>, missing: string[]): Record<string, unknown> {
  const all = structuredClone(known);
  for (const path of missing) {
    const parts = path.split(".");
    const last = parts.pop() ?? path;
    let within = all;
    for (const part of parts) {
      const next = within[part];
      const inner = typeof next === "object" && next !== null ? (next as Record<string, unknown>) : {};
      within[part] = inner;
      within = inner;
    }
    within[last] = `[${path}]`;
  }
  return all;
}

/** What the template comes to here, as HTML; null where that could not be had, which is said. */
export async function answerFrom(template: TemplateSummary, about: About, user: User): Promise<string | null> {
  try {
    const known = await variables(about, user);
    const made = await templates.preview(template.id, known);
    const missing = made.missing.map((fault) => fault.variable);
    if (missing.length === 0) return asContent(made.html, made.text);
    toast(m.composer.templateMissing(missing.join(", ")), { tone: "danger" });
    const marked = await templates.preview(template.id, withPlaces(known, missing)).catch(() => made);
    return asContent(marked.html, marked.text);
  } catch (error) {
    toastProblem(m.composer.templateFailed(template.name), error);
    return null;
  }
}
