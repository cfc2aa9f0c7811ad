/** The rules of retention as a form has them. Pure. */

import type { RetentionRules } from "../api/types";
import { m } from "../i18n";

/** As the server allows it: a hundred years. */
const DAYS_MAX = 36_525;

export type RetentionForm = {
  resolvedDays: string;
  reportDays: string;
  channels: { channelId: string; resolvedDays: string }[];
};

const shown = (days: number | null | undefined) => (days == null ? "" : String(days));
const read = (text: string) => (text.trim() === "" ? null : Number(text));

export function formOf(rules: RetentionRules): RetentionForm {
  return {
    resolvedDays: shown(rules.resolvedDays),
    reportDays: shown(rules.reportDays),
    channels: rules.channels.map(({ channelId, resolvedDays }) => ({ channelId, resolvedDays: shown(resolvedDays) })),
  };
}

export function rulesOf(form: RetentionForm): RetentionRules {
  return {
    resolvedDays: read(form.resolvedDays),
    reportDays: read(form.reportDays),
    channels: form.channels.map(({ channelId, resolvedDays }) => ({ channelId, resolvedDays: read(resolvedDays) })),
  };
}

/** By field: `resolvedDays`, `reportDays`, `channels/0`. */
export function complaintsOf(form: RetentionForm): Record<string, string> {
  const fields: [string, string][] = [
    ["resolvedDays", form.resolvedDays],
    ["reportDays", form.reportDays],
    ...form.channels.map(({ resolvedDays }, index): [string, string] => [`channels/${index}`, resolvedDays]),
  ];
  const isWrong = (text: string) => text.trim() !== "" && !(/^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= DAYS_MAX);
  return Object.fromEntries(fields.filter(([, text]) => isWrong(text)).map(([name]) => [name, m.privacy.daysWrong(DAYS_MAX)]));
}
