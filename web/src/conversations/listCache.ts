/** How one changed conversation changes the pages of a list that are already here. Pure: pages in, pages out. */

import type { Conversation, Page } from "../api/types";
import { matchesFilter, type ConversationFilter } from "./filter";

export type ListData = { pages: Page<Conversation>[]; pageParams: unknown[] };

/**
 * Puts `changed` where the server would list it: by last activity in the filter's order, or nowhere.
 * One that belongs below the pages loaded so far is left out: its page is yet to come.
 */
export function placeConversation(
  data: ListData,
  changed: Conversation,
  filter: ConversationFilter,
  myId: string,
): ListData {
  return placeConversations(data, [changed], filter, myId);
}

/** The same for many, in one walk. Pages that stay as they are stay the same objects. */
export function placeConversations(
  data: ListData,
  changed: readonly Conversation[],
  filter: ConversationFilter,
  myId: string,
): ListData {
  const byId = new Map(changed.map((each) => [each.id, each]));
  const toInsert = new Map(changed.filter((each) => matchesFilter(each, filter, myId) === true).map((each) => [each.id, each]));
  let touched = false;
  let pages = data.pages.map((page) => {
    if (!page.items.some((item) => byId.has(item.id))) return page;
    touched = true;
    const items: Conversation[] = [];
    for (const item of page.items) {
      const now = byId.get(item.id);
      if (!now) {
        items.push(item);
        continue;
      }
      // Where only the server can tell, it stays where it is.
      const verdict = matchesFilter(now, filter, myId);
      const stays = verdict === undefined || (verdict && now.lastActivityAt === item.lastActivityAt);
      if (stays) items.push(merged(item, now));
      if (stays) toInsert.delete(item.id);
      else if (verdict) toInsert.set(item.id, merged(item, now));
    }
    return { ...page, items };
  });
  for (const each of toInsert.values()) {
    const before = pages;
    pages = insert(pages, each, filter.oldest === true);
    touched ||= pages !== before;
  }
  return touched ? { ...data, pages } : data;
}

/** What only a list says of it is kept. */
function merged(item: Conversation, now: Conversation): Conversation {
  return { ...now, contact: now.contact ?? item.contact, match: item.match };
}

/** The first page alone, so that a refetch after a long absence costs one request. */
export function firstPage(data: ListData): ListData {
  return { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };
}

function insert(pages: Page<Conversation>[], changed: Conversation, oldest: boolean): Page<Conversation>[] {
  const isBehind = (item: Conversation) =>
    oldest ? item.lastActivityAt >= changed.lastActivityAt : item.lastActivityAt <= changed.lastActivityAt;
  const last = pages.length - 1;
  for (const [index, page] of pages.entries()) {
    const place = page.items.findIndex(isBehind);
    const isEnd = index === last && page.cursor === "";
    if (place < 0 && !isEnd) continue;
    const items = page.items.slice();
    items.splice(place < 0 ? items.length : place, 0, changed);
    return pages.map((other, at) => (at === index ? { ...page, items } : other));
  }
  return pages;
}
