import { expect, it } from "vitest";
import { daysInWords, filterFromSearch, queryFromFilter, searchFromFilter } from "./filter";

it.each([
  ["", {}],
  ["?status=bounced&channel=ch_1", { status: "bounced", channelId: "ch_1" }],
  ["?useCase=uc_1&tag=welcome", { useCaseId: "uc_1", tag: "welcome" }],
  ["?recipient=ada%40example.org&range=7", { recipient: "ada@example.org", range: 7 }],
  ["?from=2026-01-01&to=2026-01-31", { from: "2026-01-01", to: "2026-01-31" }],
])("%s there and back", (search, filter) => {
  expect(filterFromSearch(search)).toEqual(filter);
  expect(searchFromFilter(filterFromSearch(search))).toBe(search);
});

it("what an old link can't mean is left out", () => {
  expect(filterFromSearch("?status=received&range=12&from=yesterday&to=2026-13-01&tag=")).toEqual({});
  expect(filterFromSearch("?channel=ch_1&useCase=uc_1")).toEqual({ useCaseId: "uc_1" });
});

it("days are whole days here", () => {
  const now = new Date(2026, 0, 31, 15, 30);
  const query = queryFromFilter({ from: "2026-01-30", to: "2026-01-31" }, now);
  expect([query["since"], query["before"]]).toEqual([new Date(2026, 0, 30).toISOString(), new Date(2026, 1, 1).toISOString()]);
  expect(queryFromFilter({ range: 1 }, now)["since"]).toBe(new Date(2026, 0, 31).toISOString());
  expect(queryFromFilter({ range: 7 }, now)["since"]).toBe(new Date(2026, 0, 25).toISOString());
  expect(queryFromFilter({}, now)).toMatchObject({ direction: "outbound", since: undefined, before: undefined });
});

it("the chip says which days", () => {
  const day = (date: Date) => String(date.getDate());
  expect(daysInWords({ range: 7 }, day)).toBe("Last 7 days");
  expect(daysInWords({ from: "2026-01-01", to: "2026-01-03" }, day)).toBe("1 – 3");
  expect(daysInWords({ from: "2026-01-01", to: "2026-01-01" }, day)).toBe("1");
  expect(daysInWords({ from: "2026-01-01" }, day)).toBe("Since 1");
  expect(daysInWords({ to: "2026-01-03" }, day)).toBe("Until 3");
  expect(daysInWords({}, day)).toBe("Any time");
});
