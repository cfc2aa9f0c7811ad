import { expect, test } from "vitest";
import { complaintsOf, formOf, rulesOf } from "./retention";

test("rules survive being shown and read again", () => {
  const rules = { resolvedDays: 365, reportDays: null, channels: [{ channelId: "ch_1", resolvedDays: null }, { channelId: "ch_2", resolvedDays: 30 }] };
  expect(rulesOf(formOf(rules))).toEqual(rules);
});

test("days are whole, from one day to a hundred years, or left empty", () => {
  for (const days of ["", " ", "1", "36525"]) expect(complaintsOf({ resolvedDays: days, reportDays: "", channels: [] })).toEqual({});
  for (const days of ["0", "-1", "1.5", "36526", "a year"]) {
    expect(Object.keys(complaintsOf({ resolvedDays: "", reportDays: days, channels: [{ channelId: "ch_1", resolvedDays: days }] }))).toEqual([
      "reportDays",
      "channels/0",
    ]);
  }
});
