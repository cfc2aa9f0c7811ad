/** Which messages the log shows, as the address bar, the chips and the API say it. Pure; the present comes in as a value. */

import type { Query } from "../api/request";
import type { Message, MessageStatus } from "../api/types";
import { startOfDay } from "../format/time";
import { m } from "../i18n";

export const STATUSES = [
  "scheduled",
  "queued",
  "sending",
  "sent",
  "delivered",
  "deferred",
  "bounced",
  "failed",
  "complained",
  "suppressed",
  "cancelled",
] as const satisfies readonly MessageStatus[];

/** Days up to and with today. */
export const RANGES = [1, 7, 30] as const;
export type Range = (typeof RANGES)[number];

export type MessageFilter = {
  status?: MessageStatus;
  channelId?: string;
  useCaseId?: string;
  tag?: string;
  recipient?: string;
  range?: Range;
  /** Days, `2026-01-31`, both within; instead of a range. */
  from?: string;
  to?: string;
};

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Midnight of a day here, or `null` where there is no such day. */
export function dayOf(text: string | null | undefined): Date | null {
  if (!text || !DAY.test(text)) return null;
  const day = new Date(`${text}T00:00:00`);
  return Number.isNaN(day.getTime()) ? null : day;
}

export function filterFromSearch(search: string): MessageFilter {
  const params = new URLSearchParams(search);
  const filter: MessageFilter = {};
  // Words the server does not know would be its error; an old link shows more instead.
  const status = STATUSES.find((each) => each === params.get("status"));
  if (status) filter.status = status;
  const [channelId, useCaseId] = [params.get("channel"), params.get("useCase")];
  if (useCaseId) filter.useCaseId = useCaseId;
  else if (channelId) filter.channelId = channelId;
  const [tag, recipient] = [params.get("tag"), params.get("recipient")?.trim()];
  if (tag) filter.tag = tag;
  if (recipient) filter.recipient = recipient;
  const range = RANGES.find((each) => String(each) === params.get("range"));
  const [from, to] = [params.get("from"), params.get("to")];
  if (range) filter.range = range;
  if (!range && dayOf(from)) filter.from = from ?? "";
  if (!range && dayOf(to)) filter.to = to ?? "";
  return filter;
}

export function searchFromFilter(filter: MessageFilter): string {
  const params = new URLSearchParams();
  const names = { status: "status", channelId: "channel", useCaseId: "useCase", tag: "tag", recipient: "recipient", range: "range", from: "from", to: "to" } as const;
  for (const [field, name] of Object.entries(names)) {
    const value = filter[field as keyof typeof names];
    if (value) params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

export function queryFromFilter(filter: MessageFilter, now: Date): Query {
  const { status, channelId, useCaseId, tag, recipient, range } = filter;
  const first = range ? daysFrom(startOfDay(now), 1 - range) : dayOf(filter.from);
  const last = range ? null : dayOf(filter.to);
  return {
    direction: "outbound",
    status,
    channelId,
    useCaseId,
    tag,
    recipient,
    since: first?.toISOString(),
    before: last ? daysFrom(last, 1).toISOString() : undefined,
  };
}

function daysFrom(day: Date, days: number): Date {
  const other = new Date(day);
  other.setDate(other.getDate() + days);
  return other;
}

/** What a message that is on the list must still have; the other fields of a message never change. */
export function stillFits(message: Message, filter: MessageFilter): boolean {
  return !filter.status || message.status === filter.status;
}

/** For the chip of days: `Last 7 days`, `1 Jan – 3 Jan`. */
export function daysInWords(filter: MessageFilter, day: (date: Date) => string): string {
  if (filter.range) return m.messages.ranges[filter.range];
  const [from, to] = [dayOf(filter.from), dayOf(filter.to)];
  if (from && to) return from.getTime() === to.getTime() ? day(from) : `${day(from)} – ${day(to)}`;
  if (from) return m.messages.sinceDay(day(from));
  return to ? m.messages.untilDay(day(to)) : m.messages.anyTime;
}
