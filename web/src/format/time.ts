/** Points in time for people: short in lists, whole in titles. Pure; the present comes in as a value. */

import { locale, m } from "../i18n";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export function startOfDay(time: Date): Date {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate());
}

/** `now`, `5m`, `14:05`, `Tue`, `12 Jan`, `12 Jan 2023`. */
export function shortTime(iso: string, now: Date): string {
  const time = new Date(iso);
  const age = now.getTime() - time.getTime();
  if (Number.isNaN(age)) return "";
  if (age >= -MINUTE && age < MINUTE) return m.time.now;
  if (age >= 0 && age < 60 * MINUTE) return m.time.minutes(Math.floor(age / MINUTE));
  const days = Math.round((startOfDay(now).getTime() - startOfDay(time).getTime()) / DAY);
  if (days === 0) return time.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  if (days > 0 && days < 7) return time.toLocaleDateString(locale, { weekday: "short" });
  const sameYear = time.getFullYear() === now.getFullYear();
  return time.toLocaleDateString(locale, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
}

export function longTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return time.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}

/** For logs, where seconds tell one line from the next. */
export function exactTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return time.toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" });
}

/** `14:05` today, else with its day. */
export function timeOfDay(iso: string, now = new Date()): string {
  const time = new Date(iso);
  if (startOfDay(time).getTime() !== startOfDay(now).getTime()) return longTime(iso);
  return time.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

/** `3 Jan 2026`. */
export function shortDay(day: Date): string {
  return day.toLocaleDateString(locale, { day: "numeric", month: "short", year: "numeric" });
}

/** The heading over the messages of one day: `Today`, `Yesterday`, `12 January 2026`. */
export function dayName(iso: string, now: Date): string {
  const time = new Date(iso);
  const days = Math.round((startOfDay(now).getTime() - startOfDay(time).getTime()) / DAY);
  if (days === 0) return m.time.today;
  if (days === 1) return m.time.yesterday;
  return time.toLocaleDateString(locale, { day: "numeric", month: "long", year: "numeric" });
}

export type Moment = { key: "laterToday" | "tomorrow" | "monday" | "nextWeek"; at: Date };

/** Times worth offering for snoozing and sending later, in local time. */
export function usefulMoments(now: Date): Moment[] {
  const morning = (days: number) => {
    const day = startOfDay(now);
    day.setDate(day.getDate() + days);
    day.setHours(9);
    return day;
  };
  const toMonday = (8 - now.getDay()) % 7 || 7;
  const moments: Moment[] = [];
  if (now.getHours() < 18) moments.push({ key: "laterToday", at: new Date(now.getTime() + 3 * 60 * MINUTE) });
  moments.push({ key: "tomorrow", at: morning(1) });
  if (toMonday > 1) moments.push({ key: "monday", at: morning(toMonday) });
  if (toMonday !== 7) moments.push({ key: "nextWeek", at: morning(7) });
  return moments;
}

/** What `<input type="datetime-local">` reads and writes. */
export function toLocalInput(time: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  return `${date}T${pad(time.getHours())}:${pad(time.getMinutes())}`;
}
