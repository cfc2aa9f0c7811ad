/** How news changes the pages of the log that are already here. Pure: pages in, pages out. */

import type { Message, Page } from "../api/types";
import { stillFits, type MessageFilter } from "./filter";

export type LogData = { pages: Page<Message>[]; pageParams: unknown[] };

/** The message as it is now, where the log has it; one that no longer fits leaves. */
export function replaceMessage(data: LogData, changed: Message, filter: MessageFilter): LogData {
  if (!data.pages.some((page) => page.items.some((item) => item.id === changed.id))) return data;
  const fits = stillFits(changed, filter);
  const pages = data.pages.map((page) => ({
    ...page,
    items: fits ? page.items.map((item) => (item.id === changed.id ? changed : item)) : page.items.filter((item) => item.id !== changed.id),
  }));
  return { ...data, pages };
}

/** Puts what is new of a freshly asked first page before what is here. Where it does not reach down to that, it is all there is. */
export function joinNewest(data: LogData, newest: Page<Message>): LogData {
  const here = new Set(data.pages.flatMap((page) => page.items.map((item) => item.id)));
  const reaches = newest.items.some((item) => here.has(item.id));
  const [first, ...rest] = data.pages;
  if (!first || (!reaches && newest.cursor !== "")) return { pages: [newest], pageParams: data.pageParams.slice(0, 1) };
  const fresh = new Map(newest.items.map((item) => [item.id, item]));
  const known = (page: Page<Message>) => ({ ...page, items: page.items.map((item) => fresh.get(item.id) ?? item) });
  const added = newest.items.filter((item) => !here.has(item.id));
  return { ...data, pages: [{ ...known(first), items: [...added, ...known(first).items] }, ...rest.map(known)] };
}
