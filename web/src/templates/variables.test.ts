import { expect, it } from "vitest";
import { readVariables } from "./variables";

it.each([
  ["", {}],
  [' {"a": {"b": 1}} ', { a: { b: 1 } }],
  ["{", null],
  ["[1]", null],
  ["null", null],
  ['"text"', null],
])("%s", (text, expected) => {
  expect(readVariables(text)).toEqual(expected);
});
