import { describe, expect, it } from "vitest";
import { all, extended, NOTHING, rangeTo, toggled } from "./selection";

const listed = ["a", "b", "c", "d", "e"];
const ids = (selection: { ids: ReadonlySet<string> }) => [...selection.ids].toSorted();

describe("selecting", () => {
  it("toggles one", () => {
    const one = toggled(NOTHING, "b");
    expect(ids(one)).toEqual(["b"]);
    expect(ids(toggled(one, "b"))).toEqual([]);
  });
  it("takes a range in either direction and keeps what was there", () => {
    expect(ids(rangeTo(toggled(NOTHING, "b"), "d", listed))).toEqual(["b", "c", "d"]);
    expect(ids(rangeTo(toggled(toggled(NOTHING, "e"), "c"), "a", listed))).toEqual(["a", "b", "c", "e"]);
    expect(ids(rangeTo(NOTHING, "c", listed))).toEqual(["c"]);
    expect(ids(rangeTo(toggled(NOTHING, "gone"), "c", listed))).toEqual(["c", "gone"]);
  });
  it("goes step by step, and back", () => {
    const two = extended(NOTHING, "b", "c");
    expect(ids(two)).toEqual(["b", "c"]);
    const three = extended(two, "c", "d");
    expect(ids(three)).toEqual(["b", "c", "d"]);
    expect(ids(extended(three, "d", "c"))).toEqual(["b", "c"]);
  });
  it("takes all that are loaded", () => expect(ids(all(listed))).toEqual(listed));
});
