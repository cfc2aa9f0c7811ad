/** What a broadcast is made of, what is missing of it, and what is sent to the server. Pure; the present comes in as a value. */

import type { TestMessageInput } from "../api/endpoints";
import type { BroadcastChange, BroadcastInput, BroadcastWithContent } from "../api/types";
import { toLocalInput } from "../format/time";
import { m } from "../i18n";

export type BroadcastForm = {
  name: string;
  useCaseId: string;
  listId: string;
  content: "template" | "own";
  templateId: string;
  /** The version that was asked for by API. */
  frozen?: { templateId: string; version: number };
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

export type Complaints = Partial<Record<Exclude<keyof BroadcastForm, "frozen">, string>>;

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

/** All of it, so that what was taken out is gone. A version of the template stays as long as the template does. */
export function changeOf(form: BroadcastForm): BroadcastChange {
  const { templateId = null, subject = null, html = null, text = null, scheduledAt = null, tags = [], ...rest } = bodyOf(form);
  const templateVersion = templateId !== null && templateId === form.frozen?.templateId ? form.frozen.version : null;
  const tracking = { opens: form.opens, clicks: form.clicks };
  return { ...rest, templateId, templateVersion, subject, html, text, scheduledAt, tags, tracking };
}

/** The form of a broadcast that is there. */
export function formOf({ templateId, templateVersion, ...broadcast }: BroadcastWithContent): BroadcastForm {
  return {
    name: broadcast.name,
    useCaseId: broadcast.useCaseId,
    listId: broadcast.listId,
    content: templateId ? "template" : "own",
    templateId: templateId ?? "",
    frozen: templateId && templateVersion ? { templateId, version: templateVersion } : undefined,
    subject: broadcast.subject ?? "",
    html: broadcast.html ?? "",
    text: broadcast.text ?? "",
    opens: broadcast.tracking.opens,
    clicks: broadcast.tracking.clicks,
    tags: broadcast.tags.join(", "),
    when: broadcast.scheduledAt ? "later" : "now",
    at: broadcast.scheduledAt ? toLocalInput(new Date(broadcast.scheduledAt)) : "",
  };
}

export function testOf(form: BroadcastForm, to: string): TestMessageInput {
  const what =
    form.content === "template"
      ? { template: { id: form.templateId } }
      : { content: { type: "email" as const, email: ownContent(form) } };
  return { useCaseId: form.useCaseId, to: to.trim(), tags: ["broadcast-test"], ...what };
}
