import { expect, test } from "vitest";
import { chosenFromSearch, searchFromChosen, sinceOf } from "./chosen";

test("what is chosen survives the address bar, and what is not known is the usual", () => {
  for (const chosen of [{ by: "person", days: 0, rating: "bad" }, { by: "team", days: 365, rating: "" }] as const) {
    expect(chosenFromSearch(searchFromChosen(chosen))).toEqual(chosen);
  }
  expect(chosenFromSearch("?by=moon&days=3&rating=splendid")).toEqual({ by: "channel", days: 30, rating: "" });
});

test("a week is today and the six days before", () => {
  expect(sinceOf(7, new Date("2026-11-29T20:00:00Z"))).toBe("2026-11-23T00:00:00.000Z");
  expect(sinceOf(0, new Date())).toBeUndefined();
});
