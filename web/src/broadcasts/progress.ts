/** How far a broadcast is, as parts of a bar and as words. Pure. */

import type { Broadcast, BroadcastProgress, BroadcastStatus } from "../api/types";

export type Part = { name: "well" | "putOff" | "heldBack" | "badly"; count: number };

/** The parts of the whole, in the order of the bar. What is not through yet is what they leave open. */
export function partsOf({ total, sent, delivered, deferred, suppressed, bounced, failed }: BroadcastProgress): Part[] {
  let left = total;
  const take = (count: number) => {
    const taken = Math.max(0, Math.min(count, left));
    left -= taken;
    return taken;
  };
  // What failed is said first: a server that took a mail may have sent it back later, and both are counted.
  const [badly, heldBack, putOff] = [take(bounced + failed), take(suppressed), take(deferred)];
  const well = take(Math.max(sent, delivered));
  const parts: Part[] = [
    { name: "well", count: well },
    { name: "putOff", count: putOff },
    { name: "heldBack", count: heldBack },
    { name: "badly", count: badly },
  ];
  return parts.filter((part) => part.count > 0);
}

/** Messages that are over, one way or the other. */
export function throughOf(progress: BroadcastProgress): number {
  return partsOf(progress).reduce((sum, part) => sum + (part.name === "putOff" ? 0 : part.count), 0);
}

const MOVING: ReadonlySet<BroadcastStatus> = new Set<BroadcastStatus>(["scheduled", "sending"]);

/** Its figures change by themselves: deferred mail of one that is sent is tried again, and recipients open it. */
export function isMoving(broadcast: Broadcast): boolean {
  return MOVING.has(broadcast.status);
}

/** Which way it can be brought on. */
export function actsOn({ status, startedAt }: Pick<Broadcast, "status" | "startedAt">) {
  return {
    send: status === "draft",
    edit: status === "draft" || status === "scheduled",
    pause: status === "sending",
    resume: status === "paused",
    cancel: ["scheduled", "sending", "paused"].includes(status),
    remove: !startedAt,
  };
}
