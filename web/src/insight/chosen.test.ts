import { expect, test } from "vitest";
import { chosenFromSearch, isNarrowed, searchFromChosen } from "./chosen";

test("what is chosen survives its address", () => {
  const usual = chosenFromSearch("");
  expect(usual).toEqual({ range: 30, channelId: "", teamId: "", userId: "", clock: "elapsed", by: "user" });
  expect(isNarrowed(usual)).toBe(false);
  const chosen = { range: 90, channelId: "ch_1", teamId: "team_1", userId: "usr_1", clock: "businessHours", by: "team" } as const;
  expect(chosenFromSearch(searchFromChosen(chosen))).toEqual(chosen);
  expect(isNarrowed(chosen)).toBe(true);
});

test("an address that can't be read is the usual one", () => {
  expect(chosenFromSearch("?range=12&clock=sun&by=mood")).toEqual(chosenFromSearch(""));
});
