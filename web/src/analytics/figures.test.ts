import { describe, expect, it } from "vitest";
import { dayOf, namedDays, percent, rangeStart, ticks } from "./figures";

it.each([
  [7, "2026-01-25T00:00:00.000Z"],
  [30, "2026-01-02T00:00:00.000Z"],
  [90, "2025-11-03T00:00:00.000Z"],
] as const)("%i days end with today", (days, start) => {
  expect(rangeStart(days, new Date("2026-01-31T15:20:00Z"))).toBe(start);
});

describe("the axis", () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [97, [0, 25, 50, 75, 100]],
    [1234, [0, 500, 1000, 1500]],
  ])("to %i", (most, expected) => {
    expect(ticks(most)).toEqual(expected);
  });
  it("holds whatever is shown, in whole numbers and few of them", () => {
    for (let most = 0; most < 3_000; most += 7) {
      const found = ticks(most);
      expect(found.at(-1)).toBeGreaterThanOrEqual(most);
      expect(found.length).toBeLessThanOrEqual(6);
      expect(found.every(Number.isInteger)).toBe(true);
    }
  });
});

it("names the last day and few enough others", () => {
  for (const length of [1, 2, 7, 30, 90]) {
    const named = namedDays(length, 6);
    expect(named.has(length - 1)).toBe(true);
    expect(named.size).toBeLessThanOrEqual(6);
  }
});

it.each([
  [0.9836, "98.4%"],
  [0.0002, "0.02%"],
  [0, "0%"],
  [1, "100%"],
])("%f is %s", (part, text) => {
  expect(percent(part)).toBe(text);
});

it("days are UTC's", () => {
  expect(dayOf("2026-01-12T00:00:00Z")).toBe("12 Jan");
});
