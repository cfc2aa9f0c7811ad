/** Numbers, parts and axes of the figures, ready to be shown. Pure. */

import { locale } from "../i18n";

export const RANGES = [7, 30, 90] as const;
export type Range = (typeof RANGES)[number];

const DAY_MS = 24 * 60 * 60_000;

/** The beginning of the range, so that today is its last day. Days are UTC's, as the server counts. */
export function rangeStart(days: Range, now: Date): string {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return new Date(today - (days - 1) * DAY_MS).toISOString();
}

export function number(value: number): string {
  return value.toLocaleString(locale);
}

/** `98.4 %`, `0.02 %`: what is small, as a complaint rate is, keeps its digits. */
export function percent(part: number): string {
  const digits = part > 0 && part < 0.01 ? 2 : 1;
  return part.toLocaleString(locale, { style: "percent", maximumFractionDigits: digits });
}

/** `12 Jan`; the day is UTC's. */
export function dayOf(iso: string): string {
  return new Date(iso).toLocaleDateString(locale, { day: "numeric", month: "short", timeZone: "UTC" });
}

/** Where the axis is labelled: whole numbers from 0 to at least `most`, few enough to read. */
export function ticks(most: number): number[] {
  const rough = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, (([1, 2, 2.5, 5, 10] as const).find((each) => each * power >= rough) ?? 10) * power);
  const whole = Math.ceil(step);
  const count = Math.ceil(Math.max(most, 1) / whole);
  return Array.from({ length: count + 1 }, (_, index) => index * whole);
}

/** Which of the days are named below the axis: the first, the last, and some between them. */
export function namedDays(length: number, most: number): Set<number> {
  const every = Math.max(1, Math.ceil((length - 1) / Math.max(1, most - 1)));
  const named = new Set<number>();
  for (let index = length - 1; index >= 0; index -= every) named.add(index);
  return named;
}
