import { expect, test } from "vitest";
import { firstSpoken } from "./language";

test.each([
  [["de-AT", "en"], "de"],
  [["DE"], "de"],
  [["fr-FR", "de", "en"], "de"],
  [["en-US", "de"], "en"],
  [["fr"], "en"],
  [["constructor"], "en"],
  [[], "en"],
])("of %j, the first that there is: %s", (wanted, spoken) => {
  expect(firstSpoken(wanted)).toBe(spoken);
});
