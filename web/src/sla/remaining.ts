/** What is left of a conversation's timers, in words. Pure; the present comes in as a value. */

import type { Conversation, Sla } from "../api/types";
import { m } from "../i18n";

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;

export type TimerName = "firstResponse" | "nextResponse" | "resolution";
export const TIMERS: TimerName[] = ["firstResponse", "nextResponse", "resolution"];

export type Remaining = {
  timer: TimerName;
  dueAt: string;
  tone: "plain" | "warn" | "danger";
  /** `2h 5m left`, as a list has room for. */
  short: string;
  /** With what it is a time for. */
  long: string;
};

/** `<1m`, `35m`, `2h 5m`, `3d 4h`. */
export function shortDuration(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / MINUTE_MS);
  const words = m.sla.short;
  if (minutes < 1) return words.under;
  if (minutes < HOUR_MINUTES) return words.minutes(minutes);
  if (minutes < DAY_MINUTES) return words.hours(Math.floor(minutes / HOUR_MINUTES), minutes % HOUR_MINUTES);
  return words.days(Math.floor(minutes / DAY_MINUTES), Math.floor((minutes % DAY_MINUTES) / HOUR_MINUTES));
}

/** The timer that is over its time first; none where none runs. */
function next(sla: Sla): { timer: TimerName; dueAt: string } | null {
  const running = TIMERS.flatMap((timer) => {
    const each = sla[timer];
    return each?.dueAt && !each.metAt && !each.paused ? [{ timer, dueAt: each.dueAt }] : [];
  });
  return running.toSorted((a, b) => a.dueAt.localeCompare(b.dueAt))[0] ?? null;
}

export function remainingOf({ sla }: Pick<Conversation, "sla">, now: Date): Remaining | null {
  const found = sla ? next(sla) : null;
  if (!sla || !found) return null;
  const left = new Date(found.dueAt).getTime() - now.getTime();
  const time = shortDuration(left);
  const name = m.sla.timers[found.timer];
  const over = left < 0;
  return {
    ...found,
    // The server says it a moment later: what is over its time is so at once.
    tone: over ? "danger" : sla.state === "dueSoon" || sla.state === "breached" ? "warn" : "plain",
    short: over ? m.sla.over(time) : m.sla.left(time),
    long: over ? m.sla.overFor(name, time) : m.sla.leftFor(name, time),
  };
}
