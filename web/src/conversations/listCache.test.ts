import { describe, expect, it } from "vitest";
import type { Conversation } from "../api/types";
import { conversation } from "./fixture";
import { firstPage, placeConversation, placeConversations, type ListData } from "./listCache";

const at = (minute: number) => `2026-01-01T10:${String(minute).padStart(2, "0")}:00.000Z`;
const item = (id: string, minute: number, change: Partial<Conversation> = {}) =>
  conversation({ id, lastActivityAt: at(minute), ...change });
const list = (more: string, ...pages: Conversation[][]): ListData => ({
  pages: pages.map((items, index) => ({ items, cursor: index === pages.length - 1 ? more : `c${index}` })),
  pageParams: pages.map((_, index) => (index === 0 ? "" : `c${index - 1}`)),
});
const ids = (data: ListData) => data.pages.map((page) => page.items.map((each) => each.id).join(" "));
const open = { status: "open" } as const;

describe("a changed conversation in a loaded list", () => {
  const data = list("next", [item("a", 50), item("b", 40)], [item("c", 30), item("d", 20)]);

  it("moves to the top with new activity", () => {
    expect(ids(placeConversation(data, item("d", 59), open, "me"))).toEqual(["d a b", "c"]);
  });
  it("leaves when it no longer matches", () => {
    expect(ids(placeConversation(data, item("b", 40, { status: "resolved" }), open, "me"))).toEqual(["a", "c d"]);
  });
  it("is added where its time belongs", () => {
    expect(ids(placeConversation(data, item("x", 35), open, "me"))).toEqual(["a b", "x c d"]);
  });
  it("stays out when it belongs to a page that is not here yet", () => {
    expect(ids(placeConversation(data, item("old", 1), open, "me"))).toEqual(["a b", "c d"]);
  });
  it("goes to the end when the end is here", () => {
    const whole = list("", [item("a", 50)]);
    expect(ids(placeConversation(whole, item("old", 1), open, "me"))).toEqual(["a old"]);
  });
  it("enters an empty list", () => {
    expect(ids(placeConversation(list("", []), item("a", 1), open, "me"))).toEqual(["a"]);
  });
  it("is only updated in place in a search", () => {
    const found = placeConversation(data, item("c", 59, { unread: true }), { status: "all", q: "x" }, "me");
    expect(ids(found)).toEqual(["a b", "c d"]);
    expect(found.pages[1]?.items[0]?.unread).toBe(true);
    expect(placeConversation(data, item("new", 59), { status: "all", q: "x" }, "me")).toBe(data);
  });
  it("keeps what only a search says of it", () => {
    const found = list("", [item("a", 50, { match: { messageId: "msg_1", snippet: "so it is" } })]);
    const after = placeConversation(found, item("a", 59), { status: "all", q: "x" }, "me");
    expect(after.pages[0]?.items[0]?.match?.snippet).toBe("so it is");
  });
  it("is placed from the other end where the oldest come first", () => {
    const oldest = list("next", [item("d", 20), item("c", 30)]);
    const order = { status: "open", oldest: true } as const;
    expect(ids(placeConversation(oldest, item("x", 25), order, "me"))).toEqual(["d x c"]);
    expect(ids(placeConversation(oldest, item("d", 59), order, "me"))).toEqual(["c"]);
  });
  it("never mends the data it was given", () => {
    const before = ids(data);
    placeConversation(data, item("d", 59), open, "me");
    expect(ids(data)).toEqual(before);
  });
});

it("a long list is cut to its first page before it is asked for again", () => {
  expect(ids(firstPage(list("", [item("a", 2)], [item("b", 1)])))).toEqual(["a"]);
});

it("many are placed in one walk, and pages without them stay the same", () => {
  const data = list("next", [item("a", 50), item("b", 40)], [item("c", 30), item("d", 20)], [item("e", 10)]);
  const changed = [item("a", 50, { status: "resolved" }), item("d", 20, { unread: true }), item("x", 45), item("c", 55)];
  const after = placeConversations(data, changed, open, "me");
  expect(ids(after)).toEqual(["c x b", "d", "e"]);
  expect(after.pages[1]?.items[0]?.unread).toBe(true);
  expect(after.pages[2]).toBe(data.pages[2]);
  expect(placeConversations(data, [item("z", 1, { status: "resolved" })], open, "me")).toBe(data);
});
