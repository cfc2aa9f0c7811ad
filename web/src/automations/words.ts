/** An automation in plain language. Pure; names of what it names come in as values. */

import type { Automation, AutomationAction, AutomationCondition } from "../api/types";
import { m } from "../i18n";

/** The name of a channel or a person by its id. */
export type NameOf = (id: string) => string | undefined;

const a = m.automations;

function valueWords({ field, value }: AutomationCondition, nameOf: NameOf): string {
  if (field === "channelId") return a.quoted(nameOf(value) ?? value);
  if (field === "status") return (a.statuses as Record<string, string>)[value] ?? value;
  if (field === "priority") return (m.priority.names as Record<string, string>)[value] ?? value;
  return a.quoted(value);
}

function conditionWords(condition: AutomationCondition, nameOf: NameOf): string {
  const { field, operator, value } = condition;
  const is = operator === "is";
  if (field === "businessHours") return a.came(a.hoursWords[(value === "inside") === is ? "inside" : "outside"]);
  if (field === "hasAttachment") return (value === "true") === is ? a.withAttachment : a.withoutAttachment;
  if (field === "autoReply") return (value === "true") === is ? a.byMachine : a.byPerson;
  const subject = field === "contactAttribute" ? `${a.fieldWords.contactAttribute} ${a.quoted(condition.attribute ?? "")}` : a.fieldWords[field];
  return a.clauses[operator](subject, valueWords(condition, nameOf));
}

export function actionWords(action: AutomationAction, nameOf: NameOf): string {
  switch (action.type) {
    case "assignUser":
      return a.words.assignUser(nameOf(action.userId) ?? a.somebody);
    case "assignTeam":
      return a.words.assignTeam(nameOf(action.teamId) ?? a.someTeam);
    case "addLabel":
      return a.words.addLabel(action.label);
    case "removeLabel":
      return a.words.removeLabel(action.label);
    case "setStatus":
      return a.words.setStatus(a.statuses[action.status]);
    case "setPriority":
      return a.words.setPriority(m.priority.names[action.priority]);
    case "snooze":
      return a.words.snooze(a.duration(action.minutes));
    default:
      return a.words[action.type];
  }
}

/** `When a mail arrives, if the subject contains “invoice”, then label “invoices”.` */
export function inWords(automation: Pick<Automation, "trigger" | "idleMinutes" | "conditions" | "actions">, nameOf: NameOf): string {
  const idle = automation.idleMinutes ? ` ${a.idleFor(a.duration(automation.idleMinutes))}` : "";
  const when = `${a.triggerSentences[automation.trigger]}${idle}`;
  const joined = automation.conditions.match === "all" ? ` ${a.and} ` : ` ${a.or} `;
  const conditions = automation.conditions.items.map((each) => conditionWords(each, nameOf)).join(joined);
  const actions = automation.actions.map((each) => actionWords(each, nameOf)).join(", ");
  return `${when}, ${conditions ? `${a.if_} ${conditions}, ` : ""}${a.then_} ${actions}.`;
}
