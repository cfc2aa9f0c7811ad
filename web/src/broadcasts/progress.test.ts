import { expect, it } from "vitest";
import type { BroadcastProgress, BroadcastStatus } from "../api/types";
import { actsOn, partsOf, throughOf } from "./progress";

const progress = (change: Partial<BroadcastProgress>): BroadcastProgress => ({
  total: 100,
  queued: 0,
  remaining: 0,
  sent: 0,
  delivered: 0,
  bounced: 0,
  deferred: 0,
  suppressed: 0,
  failed: 0,
  complained: 0,
  opened: 0,
  clicked: 0,
  unsubscribed: 0,
  ...change,
});
const parts = (change: Partial<BroadcastProgress>) => Object.fromEntries(partsOf(progress(change)).map(({ name, count }) => [name, count]));

it.each([
  [{}, {}],
  [{ sent: 40, delivered: 30 }, { well: 40 }],
  [{ delivered: 90, bounced: 4, failed: 1, suppressed: 3, deferred: 2 }, { well: 90, badly: 5, heldBack: 3, putOff: 2 }],
  // Taken by a smarthost first, and bounced afterwards: once.
  [{ sent: 100, bounced: 10 }, { well: 90, badly: 10 }],
  [{ total: 0, sent: 3 }, {}],
])("%j is %j", (change, expected) => {
  expect(parts(change)).toEqual(expected);
});

it("what is put off is not through", () => {
  expect(throughOf(progress({ delivered: 50, deferred: 20, suppressed: 5 }))).toBe(55);
});

it("each state has its ways on", () => {
  const ways = (status: BroadcastStatus, startedAt: string | null = "2026-01-31T12:00:00Z") =>
    Object.entries(actsOn({ status, startedAt }))
      .filter(([, may]) => may)
      .map(([name]) => name)
      .join(" ");
  expect(ways("draft", null)).toBe("send edit remove");
  expect(ways("scheduled", null)).toBe("edit cancel remove");
  expect(ways("cancelled", null)).toBe("remove");
  expect(ways("sending")).toBe("pause cancel");
  expect(ways("paused")).toBe("resume cancel");
  expect([ways("sent"), ways("cancelled")]).toEqual(["", ""]);
});
