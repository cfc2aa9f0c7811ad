import { expect, it } from "vitest";
import { attemptOf } from "./useIdempotencyKey";

it("an attempt at the same content has the same key, at another one a new one", () => {
  const first = attemptOf({ text: "a" }, null);
  expect(attemptOf({ text: "a" }, first)).toBe(first);
  const second = attemptOf({ text: "b" }, first);
  expect(second.key).not.toBe(first.key);
  expect(second.key).toMatch(/^[0-9a-f]{32}$/);
});
