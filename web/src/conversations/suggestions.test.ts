import { describe, expect, it } from "vitest";
import { suggestionsFor } from "./suggestions";

const known = {
  labels: ["urgent", "very urgent", "billing"],
  people: [{ name: "Ada Example", email: "ada@example.org" }],
  contacts: [{ name: "Bob", address: "bob@example.net" }],
};
const offered = (text: string, caret = text.length) => suggestionsFor(text, caret, known).map((each) => each.written);

describe("suggestions", () => {
  it.each([
    ["f", ["from:"]],
    ["is:un", ["is:unread", "is:unassigned"]],
    ["hello is:res", ["is:resolved"]],
    ["-is:o", ["-is:open", "-is:overdue"]],
    ["label:ur", ["label:urgent", 'label:"very urgent"']],
    ["assignee:", ["assignee:me", "assignee:none", "assignee:ada@example.org"]],
    ["from:bo", ["from:bob@example.net"]],
    ["after:y", ["after:yesterday"]],
    ["hello", []],
    ["hello ", []],
    ['"fr', []],
    ["re:x", []],
  ])("for %s", (text, expected) => expect(offered(text)).toEqual(expected));
  it("are of the token at the caret", () => {
    expect(offered("is:un hello", 5)).toEqual(["is:unread", "is:unassigned"]);
    expect(offered("").length).toBeGreaterThan(5);
  });
});
