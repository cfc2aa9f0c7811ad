import { expect, test } from "vitest";
import { kindOf, readValue, typed } from "./attributes";

test("values of every kind survive being shown and read again", () => {
  for (const value of ["", " text ", "12", 12, -0.5, true, false, [1, "two"], { plan: { seats: 3 } }]) {
    expect(readValue(kindOf(value), typed(value))).toEqual(value);
  }
});

test("what is none of its kind is told", () => {
  expect(readValue("number", "twelve")).toBeUndefined();
  expect(readValue("number", "  ")).toBeUndefined();
  expect(readValue("number", "Infinity")).toBeUndefined();
  expect(readValue("json", "{")).toBeUndefined();
  expect(readValue("json", "null")).toBeUndefined();
  expect(readValue("boolean", "anything")).toBe(false);
});
