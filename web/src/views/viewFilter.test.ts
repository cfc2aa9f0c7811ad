import { describe, expect, it } from "vitest";
import { filterFromSearch, type ConversationFilter } from "../conversations/filter";
import { addressOfView, filterOfView, viewOfFilter } from "./viewFilter";

const FILTERS: ConversationFilter[] = [
  { status: "open" },
  { status: "all" },
  { status: "snoozed", assignee: "me", label: "urgent" },
  { status: "all", q: "invoice is:unread" },
  { status: "open", unread: true, channelId: "ch_1", q: "x" },
  { status: "all", mentioned: true },
  { status: "open", sla: "dueSoon" },
];

describe("a view", () => {
  it.each(FILTERS)("keeps %j", (filter) => {
    expect(filterOfView(viewOfFilter(filter))).toEqual(filter);
  });
  it.each(FILTERS)("is an address that shows %j", (filter) => {
    const view = { id: "view_1", name: "V", filter: viewOfFilter(filter), shared: false, ownerId: null, position: 0, createdAt: "" };
    const [, search = ""] = addressOfView(view).split("?");
    expect(filterFromSearch(search)).toEqual(filter);
  });
});
