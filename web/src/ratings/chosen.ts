/** What is looked at of the ratings, in the address bar, so that a look can be kept and shared. Pure. */

import type { RatingBy, RatingValue } from "../api/types";

/** 0: any time. */
export const DAYS = [7, 30, 90, 365, 0];
const DAY_MS = 86_400_000;

export type Chosen = { by: RatingBy; days: number; rating: RatingValue | "" };

export function chosenFromSearch(search: string): Chosen {
  const params = new URLSearchParams(search);
  const days = params.get("days");
  return {
    by: (["channel", "team", "person"] as const).find((each) => each === params.get("by")) ?? "channel",
    days: DAYS.find((each) => String(each) === days) ?? 30,
    rating: (["good", "ok", "bad"] as const).find((each) => each === params.get("rating")) ?? "",
  };
}

export function searchFromChosen({ by, days, rating }: Chosen): string {
  return `?${new URLSearchParams({ by, days: String(days), ...(rating ? { rating } : {}) })}`;
}

/** From the beginning of the day so many days ago, so that what is asked for stays the same for a day. */
export function sinceOf(days: number, now: Date): string | undefined {
  if (days === 0) return undefined;
  const day = Math.floor(now.getTime() / DAY_MS) - days + 1;
  return new Date(day * DAY_MS).toISOString();
}
