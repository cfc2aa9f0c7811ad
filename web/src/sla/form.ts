/** A policy as it is written in its dialog. Pure. */

import type { ConversationPriority, SlaPolicy, SlaPolicyInput } from "../api/types";
import { m } from "../i18n";
import { TIMERS, type TimerName } from "./remaining";

export const UNITS = { minutes: 60, hours: 60 * 60, days: 24 * 60 * 60 } as const;
export type Unit = keyof typeof UNITS;

const SECONDS_MIN = 60;
const SECONDS_MAX = 90 * UNITS.days;

export type TimeForm = { amount: string; unit: Unit };
export type PolicyForm = {
  name: string;
  times: Record<TimerName, TimeForm>;
  businessHoursOnly: boolean;
  channelIds: string[];
  teamIds: string[];
  priorities: ConversationPriority[];
};

/** The largest unit in which it is a whole number. */
export function timeOf(seconds: number | null | undefined): TimeForm {
  if (!seconds) return { amount: "", unit: "hours" };
  const unit = (["days", "hours"] as const).find((each) => seconds % UNITS[each] === 0) ?? "minutes";
  return { amount: String(Math.round(seconds / UNITS[unit])), unit };
}

export function formOf(policy: SlaPolicy | null): PolicyForm {
  return {
    name: policy?.name ?? "",
    times: {
      firstResponse: timeOf(policy?.firstResponseSeconds),
      nextResponse: timeOf(policy?.nextResponseSeconds),
      resolution: timeOf(policy?.resolutionSeconds),
    },
    businessHoursOnly: policy?.businessHoursOnly ?? false,
    channelIds: policy?.appliesTo.channelIds ?? [],
    teamIds: policy?.appliesTo.teamIds ?? [],
    priorities: policy?.appliesTo.priorities ?? [],
  };
}

function secondsOf({ amount, unit }: TimeForm): number | null {
  return amount.trim() === "" ? null : Number(amount) * UNITS[unit];
}

/** Of every field, so that what was taken away is taken away. */
export function bodyOf(form: PolicyForm): SlaPolicyInput {
  return {
    name: form.name.trim(),
    appliesTo: { channelIds: form.channelIds, teamIds: form.teamIds, priorities: form.priorities },
    firstResponseSeconds: secondsOf(form.times.firstResponse),
    nextResponseSeconds: secondsOf(form.times.nextResponse),
    resolutionSeconds: secondsOf(form.times.resolution),
    businessHoursOnly: form.businessHoursOnly,
  };
}

export function complaintsOf(form: PolicyForm): Record<string, string> {
  const found: Record<string, string> = {};
  if (!form.name.trim()) found["name"] = m.sla.nameMissing;
  for (const timer of TIMERS) {
    const seconds = secondsOf(form.times[timer]);
    if (seconds === null) continue;
    if (!Number.isInteger(seconds) || seconds < SECONDS_MIN || seconds > SECONDS_MAX) found[timer] = m.sla.timeWrong;
  }
  if (TIMERS.every((timer) => secondsOf(form.times[timer]) === null)) found["firstResponse"] = m.sla.timeMissing;
  return found;
}

/** `4 hours`. */
export function timeWords(seconds: number): string {
  const { amount, unit } = timeOf(seconds);
  return m.sla.time[unit](Number(amount));
}

/** `First answer within 4 hours · Resolution within 2 days`. */
export function promises(policy: SlaPolicy): string {
  const seconds: Record<TimerName, number | null | undefined> = {
    firstResponse: policy.firstResponseSeconds,
    nextResponse: policy.nextResponseSeconds,
    resolution: policy.resolutionSeconds,
  };
  return TIMERS.flatMap((timer) => {
    const time = seconds[timer];
    return time ? [m.sla.promise(m.sla.timers[timer], timeWords(time))] : [];
  }).join(" · ");
}
