/** A saved view's filter, as the API keeps it and as the list shows it. Pure. */

import type { View, ViewFilter } from "../api/types";
import { searchFromFilter, type ConversationFilter } from "../conversations/filter";

export function filterOfView(view: ViewFilter): ConversationFilter {
  return {
    status: view.status ?? "all",
    ...(view.assigneeId ? { assignee: view.assigneeId } : {}),
    ...(view.teamId ? { team: view.teamId } : {}),
    ...(view.unread === true ? { unread: true } : {}),
    ...(view.mentioned ? { mentioned: true } : {}),
    ...(view.channelId ? { channelId: view.channelId } : {}),
    ...(view.priority ? { priority: view.priority } : {}),
    ...(view.label ? { label: view.label } : {}),
    ...(view.sla ? { sla: view.sla } : {}),
    ...(view.q ? { q: view.q } : {}),
  };
}

export function viewOfFilter(filter: ConversationFilter): ViewFilter {
  return {
    ...(filter.status === "all" ? {} : { status: filter.status }),
    ...(filter.assignee ? { assigneeId: filter.assignee } : {}),
    // A view of what no team has is kept as its search.
    ...(filter.team && filter.team !== "none" ? { teamId: filter.team } : {}),
    ...(filter.unread ? { unread: true } : {}),
    ...(filter.mentioned ? { mentioned: true } : {}),
    ...(filter.channelId ? { channelId: filter.channelId } : {}),
    ...(filter.priority ? { priority: filter.priority } : {}),
    ...(filter.label ? { label: filter.label } : {}),
    ...(filter.sla ? { sla: filter.sla } : {}),
    ...(filter.q ? { q: filter.q } : {}),
  };
}

/** Where a view is: a plain address, to be sent to somebody, too. */
export function addressOfView(view: View): string {
  return `/conversations${searchFromFilter(filterOfView(view.filter))}`;
}
