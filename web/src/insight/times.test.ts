import { expect, test } from "vitest";
import { comparison, durationWords, inUnit, slaOutcome, stretchesOf, unitFor } from "./times";

test("a range ends with today and is as long as the one before it", () => {
  const { from, to, before } = stretchesOf(7, new Date(2026, 10, 30, 15, 30));
  expect(from).toBe(new Date(2026, 10, 24).toISOString());
  expect(to).toBe(new Date(2026, 11, 1).toISOString());
  expect(before).toBe(new Date(2026, 10, 17).toISOString());
});

test("an axis of times has small numbers", () => {
  expect([unitFor(90), unitFor(4 * 3_600), unitFor(5 * 3_600), unitFor(5 * 86_400)]).toEqual(["minutes", "minutes", "hours", "days"]);
  expect(inUnit(5_400, "hours")).toBe(1.5);
  expect(inUnit(null, "hours")).toBeNull();
  expect([durationWords(null), durationWords(7_500)]).toEqual(["–", "2h 5m"]);
});

test("a figure is compared with the one before in words", () => {
  expect(comparison(150, 100)).toBe("50% more than before");
  expect(comparison(25, 100)).toBe("75% less than before");
  expect(comparison(100, 100)).toBe("as before");
  expect(comparison(3, 0)).toBe("none before");
  expect(comparison(null, 100)).toBe("");
});

test("timers count together", () => {
  const outcome = (met: number, breached: number) => ({ met, breached });
  expect(slaOutcome({ sla: { firstResponse: outcome(3, 1), nextResponse: outcome(0, 0), resolution: outcome(1, 1) } })).toEqual({ met: 4, all: 6 });
});
