/** What a new broadcast is made of, what is missing of it, and what is sent to the server. Pure; the present comes in as a value. */

import type { TestMessageInput } from "../api/endpoints";
import type { BroadcastInput } from "../api/types";
import { m } from "../i18n";

export type BroadcastForm = {
  name: string;
  useCaseId: string;
  listId: string;
  content: "template" | "own";
  templateId: string;
  subject: string;
  html: string;
  text: string;
  opens: boolean;
  clicks: boolean;
  tags: string;
  when: "now" | "later";
  /** As `<input type="datetime-local">` has it. */
  at: string;
};

export const EMPTY_FORM: BroadcastForm = {
  name: "",
  useCaseId: "",
  listId: "",
  content: "template",
  templateId: "",
  subject: "",
  html: "",
  text: "",
  opens: false,
  clicks: false,
  tags: "",
  when: "now",
  at: "",
};

export type Complaints = Partial<Record<keyof BroadcastForm, string>>;

export function contentComplaints(form: BroadcastForm): Complaints {
  if (form.content === "template") return form.templateId ? {} : { templateId: m.broadcasts.templateMissing };
  const found: Complaints = {};
  if (!form.subject.trim()) found.subject = m.broadcasts.subjectMissing;
  if (!form.html.trim() && !form.text.trim()) found.html = m.broadcasts.bodyMissing;
  return found;
}

export function complaintsOf(form: BroadcastForm, nowMs: number): Complaints {
  const found: Complaints = {};
  if (!form.name.trim()) found.name = m.broadcasts.nameMissing;
  if (!form.useCaseId) found.useCaseId = m.broadcasts.useCaseMissing;
  if (!form.listId) found.listId = m.broadcasts.listMissing;
  if (form.when === "later" && !(new Date(form.at).getTime() > nowMs)) found.at = m.broadcasts.atPast;
  return { ...found, ...contentComplaints(form) };
}

function ownContent({ subject, html, text }: BroadcastForm) {
  return { subject: subject.trim(), ...(html.trim() ? { html } : {}), ...(text.trim() ? { text } : {}) };
}

export function bodyOf(form: BroadcastForm): BroadcastInput {
  const tags = [...new Set(form.tags.split(",").map((tag) => tag.trim()))].filter((tag) => tag !== "");
  return {
    name: form.name.trim(),
    useCaseId: form.useCaseId,
    listId: form.listId,
    ...(form.content === "template" ? { templateId: form.templateId } : ownContent(form)),
    ...(form.opens || form.clicks ? { tracking: { opens: form.opens, clicks: form.clicks } } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(form.when === "later" ? { scheduledAt: new Date(form.at).toISOString() } : {}),
  };
}

export function testOf(form: BroadcastForm, to: string): TestMessageInput {
  const what =
    form.content === "template"
      ? { template: { id: form.templateId } }
      : { content: { type: "email" as const, email: ownContent(form) } };
  return { useCaseId: form.useCaseId, to: to.trim(), tags: ["broadcast-test"], ...what };
}
