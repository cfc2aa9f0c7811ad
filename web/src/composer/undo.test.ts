import { expect, it } from "vitest";
import { EMPTY_DRAFT, type Draft } from "./drafts";
import { broughtBack } from "./undo";

const file = (filename: string) => ({ uploadId: `upl_${filename}`, filename, contentType: "text/plain", size: 1 });
const sent: Draft = { ...EMPTY_DRAFT, html: "<p>Sent</p>", text: "Sent", to: ["ada@example.org"], bcc: ["bob@example.org"], subject: "Hello", files: [file("a.txt")] };

it("comes back as it was", () => {
  expect(broughtBack(sent, EMPTY_DRAFT)).toEqual(sent);
});

it("leaves a note alone that was begun since", () => {
  expect(broughtBack(sent, { ...EMPTY_DRAFT, mode: "note", note: "For us" })).toEqual({ ...sent, note: "For us" });
});

it("goes before what was written since, and loses none of it", () => {
  const present: Draft = { ...EMPTY_DRAFT, html: "<p>More</p>", text: "More", subject: "Other", files: [file("b.txt")] };
  expect(broughtBack(sent, present)).toEqual({
    ...sent,
    html: "<p>Sent</p><p>More</p>",
    text: "Sent\n\nMore",
    files: [file("a.txt"), file("b.txt")],
  });
});
