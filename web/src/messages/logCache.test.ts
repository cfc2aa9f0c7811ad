import { expect, it } from "vitest";
import type { Message, Page } from "../api/types";
import { joinNewest, replaceMessage, type LogData } from "./logCache";

const message = (id: string, status = "queued") => ({ id, status }) as Message;
const page = (ids: string[], cursor = ""): Page<Message> => ({ items: ids.map((id) => message(id)), cursor });
const data = (...pages: Page<Message>[]): LogData => ({ pages, pageParams: ["", "b"].slice(0, pages.length) });
const ids = ({ pages }: LogData) => pages.map(({ items }) => items.map((item) => item.id).join(""));

it("a message changes where it is, and nothing else does", () => {
  const before = data(page(["d", "c"], "b"), page(["b", "a"]));
  const after = replaceMessage(before, message("b", "sent"), {});
  expect(after.pages[1]?.items[0]?.status).toBe("sent");
  expect(ids(after)).toEqual(["dc", "ba"]);
  expect(replaceMessage(before, message("z", "sent"), {})).toBe(before);
});

it("one that no longer has the status asked for leaves", () => {
  expect(ids(replaceMessage(data(page(["b", "a"])), message("b", "sent"), { status: "queued" }))).toEqual(["a"]);
});

it("new ones come first, once", () => {
  expect(ids(joinNewest(data(page(["d", "c"], "b"), page(["b", "a"])), page(["f", "e", "d", "c"], "b")))).toEqual(["fedc", "ba"]);
  expect(ids(joinNewest(data(page([])), page(["a"])))).toEqual(["a"]);
});

it("after more news than a page holds, the list begins anew", () => {
  expect(ids(joinNewest(data(page(["b", "a"])), page(["y", "x"], "x")))).toEqual(["yx"]);
});
