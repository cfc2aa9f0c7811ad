/** How one changed conversation changes the pages of a list that are already here. Pure: pages in, pages out. */

import type { Conversation, Page } from "../api/types";
import { matchesFilter, type ConversationFilter } from "./filter";

export type ListData = { pages: Page<Conversation>[]; pageParams: unknown[] };

/**
 * Puts `changed` where the server would list it: by last activity, newest first, or nowhere.
 * One that belongs below the pages loaded so far is left out: its page is yet to come.
 */
export function placeConversation(
  data: ListData,
  changed: Conversation,
  filter: ConversationFilter,
  myId: string,
): ListData {
  const verdict = matchesFilter(changed, filter, myId);
  const present = data.pages.some((page) => page.items.some((item) => item.id === changed.id));
  if (verdict === undefined) {
    return present ? mapItems(data, (item) => (item.id === changed.id ? changed : item)) : data;
  }
  if (verdict === false && !present) return data;
  const without = data.pages.map((page) => ({ ...page, items: page.items.filter((item) => item.id !== changed.id) }));
  if (verdict === false) return { ...data, pages: without };
  return { ...data, pages: insert(without, changed) };
}

/** The first page alone, so that a refetch after a long absence costs one request. */
export function firstPage(data: ListData): ListData {
  return { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };
}

function insert(pages: Page<Conversation>[], changed: Conversation): Page<Conversation>[] {
  const last = pages.length - 1;
  for (const [index, page] of pages.entries()) {
    const place = page.items.findIndex((item) => item.lastActivityAt <= changed.lastActivityAt);
    const isEnd = index === last && page.cursor === "";
    if (place < 0 && !isEnd) continue;
    const items = page.items.slice();
    items.splice(place < 0 ? items.length : place, 0, changed);
    return pages.map((other, at) => (at === index ? { ...page, items } : other));
  }
  return pages;
}

function mapItems(data: ListData, change: (item: Conversation) => Conversation): ListData {
  return { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map(change) })) };
}
