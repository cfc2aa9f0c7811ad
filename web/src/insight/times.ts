/** Stretches of time and durations of the insight, ready to be asked for and shown. Pure. */

import type { InsightFigures } from "../api/types";
import { locale, m } from "../i18n";
import { shortDuration } from "../sla/remaining";

export const RANGES = [7, 30, 90, 365] as const;
export type Range = (typeof RANGES)[number];
export type Clock = "elapsed" | "businessHours";

/** A year is read by weeks. */
export function intervalOf(range: Range): "day" | "week" {
  return range === 365 ? "week" : "day";
}

/** So many local days, today the last one; and as many before them. */
export function stretchesOf(range: Range, now: Date): { from: string; to: string; before: string } {
  const midnight = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days).toISOString();
  return { from: midnight(1 - range), to: midnight(1), before: midnight(1 - 2 * range) };
}

/** `12 Jan`, where whoever reads is. */
export function localDay(iso: string): string {
  return new Date(iso).toLocaleDateString(locale, { day: "numeric", month: "short" });
}

/** `2h 5m`; a dash where there is none. */
export function durationWords(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? "–" : shortDuration(seconds * 1_000);
}

export type TimeUnit = "minutes" | "hours" | "days";
const SECONDS: Record<TimeUnit, number> = { minutes: 60, hours: 60 * 60, days: 24 * 60 * 60 };
/** So much of a unit is read more easily in the next one. */
const UNIT_MAX = 4;

/** The unit in which an axis up to this time has small whole numbers. */
export function unitFor(secondsMax: number): TimeUnit {
  if (secondsMax > UNIT_MAX * SECONDS.days) return "days";
  return secondsMax > UNIT_MAX * SECONDS.hours ? "hours" : "minutes";
}

export function inUnit(seconds: number | null | undefined, unit: TimeUnit): number | null {
  return seconds === null || seconds === undefined ? null : seconds / SECONDS[unit];
}

/** How much more or less than before, in words. */
export function comparison(now: number | null | undefined, before: number | null | undefined): string {
  if (now === null || now === undefined || before === null || before === undefined) return "";
  if (before === 0) return now === 0 ? m.insight.same : m.insight.noneBefore;
  const change = (now - before) / before;
  const percent = Math.abs(change).toLocaleString(locale, { style: "percent", maximumFractionDigits: 0 });
  if (Math.round(Math.abs(change) * 100) === 0) return m.insight.same;
  return change > 0 ? m.insight.more(percent) : m.insight.less(percent);
}

/** Of all timers together: how many were met, of how many that ended. */
export function slaOutcome({ sla }: Pick<InsightFigures, "sla">): { met: number; all: number } {
  const outcomes = [sla.firstResponse, sla.nextResponse, sla.resolution];
  const met = outcomes.reduce((sum, each) => sum + each.met, 0);
  return { met, all: met + outcomes.reduce((sum, each) => sum + each.breached, 0) };
}
