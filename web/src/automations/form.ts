/** An automation as it is written on its page: what is missing of it, and what is sent to the server. Pure. */

import type { Automation, AutomationAction, AutomationChange, AutomationCondition, AutomationInput, AutomationTrigger, ConversationPriority } from "../api/types";
import { m } from "../i18n";

export type ConditionField = AutomationCondition["field"];
export type Operator = AutomationCondition["operator"];
export type ActionType = AutomationAction["type"];

export const TRIGGERS = Object.keys(m.automations.triggers) as AutomationTrigger[];
export const FIELDS = Object.keys(m.automations.fields) as ConditionField[];
const OPERATORS = Object.keys(m.automations.operators) as Operator[];
export const ACTIONS = Object.keys(m.automations.actions) as ActionType[];

/** Fields with a few values, of which it is one or not. */
const CHOICES: Partial<Record<ConditionField, readonly string[]>> = {
  channelId: [],
  hasAttachment: ["true", "false"],
  autoReply: ["true", "false"],
  status: ["open", "pending", "snoozed", "resolved"],
  priority: ["low", "normal", "high", "urgent"],
  businessHours: ["inside", "outside"],
};

export function choicesOf(field: ConditionField): readonly string[] | undefined {
  return CHOICES[field];
}

export function operatorsOf(field: ConditionField): Operator[] {
  return field in CHOICES ? ["is", "isNot"] : OPERATORS;
}

/** `key` tells rows apart while they are moved. */
export type ConditionRow = { key: number; field: ConditionField; attribute: string; operator: Operator; value: string };

/** Every field an action may have; which of them counts is said by its type. */
export type ActionRow = {
  key: number;
  type: ActionType;
  userId: string;
  teamId: string;
  label: string;
  status: "open" | "pending" | "resolved";
  priority: ConversationPriority;
  minutes: string;
  replyWith: "text" | "template";
  text: string;
  templateId: string;
  endpointId: string;
};

export type AutomationForm = {
  name: string;
  enabled: boolean;
  trigger: AutomationTrigger;
  idleMinutes: string;
  match: "all" | "any";
  conditions: ConditionRow[];
  actions: ActionRow[];
  stopAfter: boolean;
};

let lastKey = 0;

export function newCondition(change: Partial<ConditionRow> = {}): ConditionRow {
  lastKey += 1;
  return { key: lastKey, field: "subject", attribute: "", operator: "contains", value: "", ...change };
}

export function newAction(change: Partial<ActionRow> = {}): ActionRow {
  lastKey += 1;
  return {
    key: lastKey,
    type: "addLabel",
    userId: "",
    teamId: "",
    label: "",
    status: "resolved",
    priority: "high",
    minutes: "60",
    replyWith: "text",
    text: "",
    templateId: "",
    endpointId: "",
    ...change,
  };
}

/** A row whose field was changed: what no longer fits goes. */
export function withField(row: ConditionRow, field: ConditionField): ConditionRow {
  const operators = operatorsOf(field);
  const operator = operators.includes(row.operator) ? row.operator : "is";
  const both = choicesOf(field) === undefined && choicesOf(row.field) === undefined;
  const value = both ? row.value : (choicesOf(field)?.[0] ?? "");
  return { ...row, field, operator, value, attribute: field === "contactAttribute" ? row.attribute : "" };
}

export type Start = keyof typeof m.automations.starts | "blank";

/** What a new automation begins with. */
export function formOfStart(start: Start): AutomationForm {
  const form: AutomationForm = {
    name: "",
    enabled: true,
    trigger: "message.received",
    idleMinutes: "240",
    match: "all",
    conditions: [],
    actions: [newAction()],
    stopAfter: false,
  };
  const texts = m.automations.startTexts;
  switch (start) {
    case "route":
      return {
        ...form,
        name: texts.routeName,
        conditions: [newCondition({ field: "to", operator: "startsWith", value: "support@" })],
        actions: [newAction({ label: "support" }), newAction({ type: "assignUser" })],
      };
    case "away":
      return {
        ...form,
        name: texts.awayName,
        conditions: [newCondition({ field: "businessHours", operator: "is", value: "outside" })],
        actions: [newAction({ type: "reply", text: texts.awayText })],
      };
    case "label":
      return {
        ...form,
        name: texts.labelName,
        conditions: [newCondition({ field: "subject", operator: "contains", value: "invoice" })],
        actions: [newAction({ label: "invoices" })],
      };
    default:
      return { ...form, conditions: [newCondition()] };
  }
}

/** The form of an automation that is there. */
export function formOf(automation: Automation): AutomationForm {
  return {
    name: automation.name,
    enabled: automation.enabled,
    trigger: automation.trigger,
    idleMinutes: String(automation.idleMinutes ?? 240),
    match: automation.conditions.match,
    conditions: automation.conditions.items.map(({ attribute, ...condition }) =>
      newCondition({ ...condition, attribute: attribute ?? "" }),
    ),
    actions: automation.actions.map(rowOf),
    stopAfter: automation.stopAfter,
  };
}

function rowOf(action: AutomationAction): ActionRow {
  switch (action.type) {
    case "reply":
      return newAction({
        type: "reply",
        replyWith: action.templateId ? "template" : "text",
        text: action.text ?? "",
        templateId: action.templateId ?? "",
      });
    case "snooze":
      return newAction({ type: "snooze", minutes: String(action.minutes) });
    case "setStatus":
      return newAction({ type: "setStatus", status: action.status === "snoozed" ? "open" : action.status });
    default:
      return newAction(action);
  }
}

/** Complaints by the pointer the server would use, so that its own fit the same places. */
export type Complaints = Record<string, string>;

function isMinutes(text: string): boolean {
  return /^\d+$/.test(text.trim()) && Number(text) > 0;
}

function conditionComplaints(row: ConditionRow, at: string): Complaints {
  const found: Complaints = {};
  if (row.field === "contactAttribute" && !row.attribute.trim()) found[`${at}/attribute`] = m.automations.attributeMissing;
  const mayBeEmpty = row.field === "contactAttribute" && (row.operator === "is" || row.operator === "isNot");
  if (!row.value.trim() && !mayBeEmpty) found[`${at}/value`] = m.automations.valueMissing;
  return found;
}

function actionComplaints(row: ActionRow, at: string): Complaints {
  const missing = (name: keyof ActionRow, said: string): Complaints => (String(row[name]).trim() ? {} : { [`${at}/${name}`]: said });
  switch (row.type) {
    case "assignUser":
      return missing("userId", m.automations.userMissing);
    case "assignTeam":
      return missing("teamId", m.automations.teamMissing);
    case "addLabel":
    case "removeLabel":
      return missing("label", m.automations.labelMissing);
    case "snooze":
      return isMinutes(row.minutes) ? {} : { [`${at}/minutes`]: m.automations.minutesMissing };
    case "reply":
      return row.replyWith === "text"
        ? missing("text", m.automations.textMissing)
        : missing("templateId", m.automations.templateMissing);
    case "note":
      return missing("text", m.automations.noteMissing);
    case "webhook":
      return missing("endpointId", m.automations.endpointMissing);
    default:
      return {};
  }
}

/** What it does, without its name: enough to try it. */
export function ruleComplaints(form: AutomationForm): Complaints {
  const found: Complaints = {};
  if (form.trigger === "conversation.idle" && !isMinutes(form.idleMinutes)) found["idleMinutes"] = m.automations.minutesMissing;
  form.conditions.forEach((row, index) => Object.assign(found, conditionComplaints(row, `conditions/items/${index}`)));
  form.actions.forEach((row, index) => Object.assign(found, actionComplaints(row, `actions/${index}`)));
  if (form.actions.length === 0) found["actions"] = m.automations.actionMissing;
  return found;
}

export function complaintsOf(form: AutomationForm): Complaints {
  return { ...(form.name.trim() ? {} : { name: m.automations.nameMissing }), ...ruleComplaints(form) };
}

function actionOf(row: ActionRow): AutomationAction {
  switch (row.type) {
    case "assignUser":
      return { type: "assignUser", userId: row.userId };
    case "assignTeam":
      return { type: "assignTeam", teamId: row.teamId };
    case "addLabel":
    case "removeLabel":
      return { type: row.type, label: row.label.trim() };
    case "setStatus":
      return { type: "setStatus", status: row.status };
    case "setPriority":
      return { type: "setPriority", priority: row.priority };
    case "snooze":
      return { type: "snooze", minutes: Number(row.minutes) };
    case "reply":
      return row.replyWith === "text" ? { type: "reply", text: row.text } : { type: "reply", templateId: row.templateId };
    case "note":
      return { type: "note", text: row.text };
    case "webhook":
      return { type: "webhook", endpointId: row.endpointId };
    case "askForRating":
      return { type: "askForRating" };
    default:
      return { type: "stop" };
  }
}

/** What it does, for a dry run. */
export function ruleOf(form: AutomationForm) {
  return {
    trigger: form.trigger,
    ...(form.trigger === "conversation.idle" ? { idleMinutes: Number(form.idleMinutes) } : {}),
    conditions: {
      match: form.match,
      items: form.conditions.map(({ field, attribute, operator, value }) => ({
        field,
        ...(field === "contactAttribute" ? { attribute: attribute.trim() } : {}),
        operator,
        value,
      })),
    },
    actions: form.actions.map(actionOf),
  };
}

export function bodyOf(form: AutomationForm): AutomationInput {
  return { name: form.name.trim(), enabled: form.enabled, ...ruleOf(form), stopAfter: form.stopAfter };
}

/** All of it, so that what was taken out is gone. */
export function changeOf(form: AutomationForm): AutomationChange {
  const body = bodyOf(form);
  return { ...body, enabled: form.enabled, idleMinutes: body.idleMinutes ?? null };
}
