import { expect, it } from "vitest";
import { filterFromSearch, searchFromFilter } from "./filter";

it.each([
  ["", {}],
  ["?address=ada%40example.org", { address: "ada@example.org" }],
  ["?scope=domain&reason=hardBounce", { scope: "domain", reason: "hardBounce" }],
])("%s there and back", (search, filter) => {
  expect(filterFromSearch(search)).toEqual(filter);
  expect(searchFromFilter(filter)).toBe(search);
});

it("unknown words of an old link are left out", () => {
  expect(filterFromSearch("?scope=planet&reason=whim&address=")).toEqual({});
});
