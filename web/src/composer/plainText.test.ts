import { describe, expect, it } from "vitest";
import { plainText, type Node } from "./plainText";

const text = (value: string, href?: string): Node => ({
  type: "text",
  text: value,
  marks: href ? [{ type: "link", attrs: { href } }] : undefined,
});
const p = (...content: Node[]): Node => ({ type: "paragraph", content });
const item = (...content: Node[]): Node => ({ type: "listItem", content });
const doc = (...content: Node[]): Node => ({ type: "doc", content });

describe("the plain-text side of a message", () => {
  const cases: [string, Node, string][] = [
    ["nothing", doc(p()), ""],
    ["paragraphs", doc(p(text("Hi,")), p(text("bye"))), "Hi,\n\nbye"],
    ["a line break", doc(p(text("a"), { type: "hardBreak" }, text("b"))), "a\nb"],
    ["a bulleted list", doc({ type: "bulletList", content: [item(p(text("a"))), item(p(text("b")))] }), "- a\n- b"],
    [
      "a numbered list that begins at 3",
      doc({ type: "orderedList", attrs: { start: 3 }, content: [item(p(text("a"))), item(p(text("b")))] }),
      "3. a\n4. b",
    ],
    [
      "a list in a list",
      doc({
        type: "bulletList",
        content: [item(p(text("a")), { type: "bulletList", content: [item(p(text("b")))] })],
      }),
      "- a\n  - b",
    ],
    ["a quote", doc({ type: "blockquote", content: [p(text("a")), p(text("b"))] }), "> a\n>\n> b"],
    ["a link with other words", doc(p(text("here", "https://example.org/x"))), "here (https://example.org/x)"],
    ["a link that shows its address", doc(p(text("https://example.org", "https://example.org"))), "https://example.org"],
    ["a mail address", doc(p(text("a@example.org", "mailto:a@example.org"))), "a@example.org"],
    ["code", doc({ type: "codeBlock", content: [text("a\n  b")] }), "a\n  b"],
    ["a rule", doc(p(text("a")), { type: "horizontalRule" }, p(text("b"))), "a\n\n---\n\nb"],
  ];
  it.each(cases)("of %s", (_name, node, expected) => {
    expect(plainText(node)).toBe(expected);
  });
});
