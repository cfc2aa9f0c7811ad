import { describe, expect, it } from "vitest";
import type { Conversation } from "../api/types";
import { conversation } from "./fixture";
import { filterFromSearch, isFiltered, matchesFilter, queryFromFilter, searchFromFilter, type ConversationFilter } from "./filter";

describe("the filter in the address bar", () => {
  const cases: [string, ConversationFilter][] = [
    ["", { status: "open" }],
    ["?status=resolved", { status: "resolved" }],
    ["?assignee=none&team=team_1", { status: "open", assignee: "none", team: "team_1" }],
    ["?status=all&assignee=me", { status: "all", assignee: "me" }],
    ["?unread=true&channel=ch_1&label=billing", { status: "open", unread: true, channelId: "ch_1", label: "billing" }],
    ["?sla=breached", { status: "open", sla: "breached" }],
    ["?q=invoice", { status: "all", q: "invoice" }],
    ["?status=open&q=invoice", { status: "open", q: "invoice" }],
  ];
  it.each(cases)("reads %s", (search, filter) => {
    expect(filterFromSearch(search)).toEqual(filter);
  });
  it.each(cases)("comes back the same from %s", (search, filter) => {
    expect(filterFromSearch(searchFromFilter(filterFromSearch(search)))).toEqual(filter);
  });
  it("takes a status nobody knows for the usual one", () => {
    expect(filterFromSearch("?status=lost")).toEqual({ status: "open" });
  });
  it("knows the plain view from a filtered one", () => {
    expect(isFiltered({ status: "open" })).toBe(false);
    expect(isFiltered({ status: "pending" })).toBe(true);
    expect(isFiltered({ status: "all", q: "x" })).toBe(true);
  });
});

describe("what the API is asked", () => {
  it("names the signed-in user and leaves out what is not filtered", () => {
    expect(queryFromFilter({ status: "all", assignee: "me" }, "usr_1")).toEqual({
      status: undefined,
      assigneeId: "usr_1",
      teamId: undefined,
      unread: undefined,
      channelId: undefined,
      label: undefined,
      sla: undefined,
      q: undefined,
    });
  });
});

describe("whether a changed conversation is still in the list", () => {
  const cases: [string, Partial<Conversation>, ConversationFilter, boolean | undefined][] = [
    ["same status", {}, { status: "open" }, true],
    ["resolved meanwhile", { status: "resolved" }, { status: "open" }, false],
    ["any status", { status: "resolved" }, { status: "all" }, true],
    ["mine", { assigneeId: "usr_1" }, { status: "open", assignee: "me" }, true],
    ["somebody else's", { assigneeId: "usr_2" }, { status: "open", assignee: "me" }, false],
    ["nobody's", {}, { status: "open", assignee: "none" }, true],
    ["assigned, wanted nobody's", { assigneeId: "usr_2" }, { status: "open", assignee: "none" }, false],
    ["the team's", { teamId: "team_1" }, { status: "open", team: "team_1" }, true],
    ["another team's", { teamId: "team_2" }, { status: "open", team: "team_1" }, false],
    ["no team's", {}, { status: "open", team: "none" }, true],
    ["a team's, wanted no team's", { teamId: "team_1" }, { status: "open", team: "none" }, false],
    ["read, wanted unread", {}, { status: "open", unread: true }, false],
    ["other channel", {}, { status: "open", channelId: "ch_2" }, false],
    ["without the label", { labels: ["a"] }, { status: "open", label: "b" }, false],
    ["on time, wanted overdue", {}, { status: "open", sla: "breached" }, false],
    ["only the server knows", {}, { status: "all", q: "hello" }, undefined],
  ];
  it.each(cases)("%s", (_name, change, filter, verdict) => {
    expect(matchesFilter(conversation(change), filter, "usr_1")).toBe(verdict);
  });
});
