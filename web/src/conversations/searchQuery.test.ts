import { describe, expect, it } from "vitest";
import { complaintsOf, isUnfinished, rangesOf, termsOf, tokensOf, withoutToken, withToken } from "./searchQuery";

const marked = (text: string, query: string) =>
  rangesOf(text, termsOf(query)).map((range) => text.slice(range.start, range.end));

describe("tokens", () => {
  it.each([
    ["hello world", [null, "hello"], [null, "world"]],
    ["from:ada hello", ["from", "ada"], [null, "hello"]],
    ['label:"very urgent"', ["label", "very urgent"]],
    ['"two words"', [null, "two words"]],
    ["re:hello https://example.org/a", [null, "re:hello"], [null, "https://example.org/a"]],
    ["FROM:Ada", ["from", "Ada"]],
    ["from: ada", [null, "from:"], [null, "ada"]],
    ['"never ends', [null, "never ends"]],
  ])("%s", (text, ...expected) => {
    expect(tokensOf(text).map((token) => [token.operator, token.value])).toEqual(expected);
  });
  it("tell what is not wanted, and beginnings", () => {
    expect(tokensOf('-spam -from:bob "red bal"* in* 10-30').map((token) => [token.negated, token.prefix])).toEqual([
      [true, false],
      [true, false],
      [false, true],
      [false, true],
      [false, false],
    ]);
  });
  it("are taken out and put in", () => {
    const text = "hello is:unread world";
    const [, token] = tokensOf(text);
    expect(token && withoutToken(text, token)).toBe("hello world");
    expect(withToken("hello is:un", { start: 6, end: 11 }, "is:unread")).toEqual({ text: "hello is:unread ", caret: 16 });
    expect(withToken("fr world", { start: 0, end: 2 }, "from:")).toEqual({ text: "from:world", caret: 5 });
  });
});

describe("values", () => {
  it.each(["is:open has:attachment before:2026-05-31 after:7d", "before:today after:2026", "label:x re:y is:MENTIONED", "is:"])(
    "%s can be read",
    (text) => expect(complaintsOf(text)).toEqual([]),
  );
  it.each(["is:teleported", "has:wings", "before:soon", "after:2026-02-30", "-assignee:me", "-is:mentioned"])("%s can't", (text) => {
    expect(complaintsOf(text)).toHaveLength(1);
  });
  it("may be on their way", () => {
    const unfinished = (text: string) => tokensOf(text).every(isUnfinished);
    expect(["is:unr", "has:att", "before:2026-", "after:yest"].every(unfinished)).toBe(true);
    expect(["is:x", "after:soon"].some(unfinished)).toBe(false);
  });
});

describe("marks", () => {
  it.each([
    ["Your INVOICE, the invoices", "invoice", ["INVOICE"]],
    ["Your invoices", "invoi*", ["invoices"]],
    ["Le café est fermé", "ferme cafe", ["café", "fermé"]],
    ["please send it, send now", '"send it"', ["send it"]],
    ["please re-send", "re-send", ["re-send"]],
    ["今日の会議の予定", "会議", ["会議"]],
    ["from ada", "from:ada", []],
    ["no spam here", "-spam here", ["here"]],
    ["about invoice", "subject:invoice", ["invoice"]],
    ["aaa", "a* aaa", ["aaa"]],
    ["nothing", "", []],
  ])("%s by %s", (text, query, expected) => {
    expect(marked(text, query)).toEqual(expected);
  });
});
