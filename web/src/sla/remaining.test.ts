import { expect, test } from "vitest";
import type { Conversation } from "../api/types";
import { remainingOf, shortDuration } from "./remaining";

const NOW = new Date("2026-11-30T12:00:00Z");

function conversation(sla: object): Pick<Conversation, "sla"> {
  const none = { policyId: "sla_1", state: "onTrack", dueAt: null, firstResponse: null, nextResponse: null, resolution: null };
  return { sla: { ...none, ...sla } as Conversation["sla"] };
}

const timer = (dueAt: string | null, rest: object = {}) => ({ dueAt, metAt: null, breached: false, paused: false, ...rest });

test("durations are as short as a list needs them", () => {
  for (const [ms, said] of [
    [59_000, "<1m"],
    [60_000, "1m"],
    [59 * 60_000, "59m"],
    [60 * 60_000, "1h"],
    [125 * 60_000, "2h 5m"],
    [-125 * 60_000, "2h 5m"],
    [24 * 60 * 60_000, "1d"],
    [28 * 60 * 60_000, "1d 4h"],
  ] as const) {
    expect(shortDuration(ms)).toBe(said);
  }
});

test("the timer that ends first is shown, and none that is met or stands still", () => {
  const first = timer("2026-11-30T13:00:00Z");
  const resolution = timer("2026-12-01T12:00:00Z");
  expect(remainingOf(conversation({ firstResponse: first, resolution }), NOW)).toMatchObject({ timer: "firstResponse", tone: "plain", short: "1h left" });
  const met = timer("2026-11-30T13:00:00Z", { metAt: "2026-11-30T11:00:00Z" });
  expect(remainingOf(conversation({ firstResponse: met, resolution }), NOW)).toMatchObject({ timer: "resolution", short: "1d left" });
  const paused = timer(null, { paused: true });
  expect(remainingOf(conversation({ firstResponse: met, resolution: paused }), NOW)).toBeNull();
  expect(remainingOf({ sla: null }, NOW)).toBeNull();
});

test("what has little time left warns, and what has none is over it before the server says so", () => {
  const soon = conversation({ state: "dueSoon", firstResponse: timer("2026-11-30T12:05:00Z") });
  expect(remainingOf(soon, NOW)).toMatchObject({ tone: "warn", short: "5m left" });
  const over = conversation({ state: "onTrack", firstResponse: timer("2026-11-30T11:40:00Z") });
  expect(remainingOf(over, NOW)).toMatchObject({ tone: "danger", short: "20m over", long: "First answer: 20m over" });
});
