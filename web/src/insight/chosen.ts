/** What is chosen on the page of insight, as its address says it. Pure. */

import type { InsightBy } from "../api/types";
import { RANGES, type Clock, type Range } from "./times";

export type Chosen = { range: Range; channelId: string; teamId: string; userId: string; clock: Clock; by: InsightBy };

const GROUPS: InsightBy[] = ["user", "team", "channel"];

export function chosenFromSearch(search: string): Chosen {
  const params = new URLSearchParams(search);
  return {
    range: RANGES.find((each) => String(each) === params.get("range")) ?? 30,
    channelId: params.get("channel") ?? "",
    teamId: params.get("team") ?? "",
    userId: params.get("user") ?? "",
    clock: params.get("clock") === "businessHours" ? "businessHours" : "elapsed",
    by: GROUPS.find((each) => each === params.get("by")) ?? "user",
  };
}

export function searchFromChosen(chosen: Chosen): string {
  const params = new URLSearchParams({ range: String(chosen.range) });
  if (chosen.channelId) params.set("channel", chosen.channelId);
  if (chosen.teamId) params.set("team", chosen.teamId);
  if (chosen.userId) params.set("user", chosen.userId);
  if (chosen.clock !== "elapsed") params.set("clock", chosen.clock);
  if (chosen.by !== "user") params.set("by", chosen.by);
  return `?${params}`;
}

export function isNarrowed({ channelId, teamId, userId }: Chosen): boolean {
  return channelId !== "" || teamId !== "" || userId !== "";
}
