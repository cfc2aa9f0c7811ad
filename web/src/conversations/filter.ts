/** What the conversation list shows, as the address bar, the chips and the API say it. Pure. */

import type { Query } from "../api/request";
import type { Conversation, ConversationPriority, ConversationStatus, SlaFilter } from "../api/types";

export const STATUSES: ConversationStatus[] = ["open", "pending", "snoozed", "resolved"];
/** The most urgent first. */
export const PRIORITIES: ConversationPriority[] = ["urgent", "high", "normal", "low"];
export const SLA_FILTERS: SlaFilter[] = ["dueSoon", "breached"];

export type ConversationFilter = {
  /** `all`: whatever the status. */
  status: ConversationStatus | "all";
  /** `me`, `none`, or a user's id. */
  assignee?: string;
  /** `none`, or a team's id. */
  team?: string;
  unread?: boolean;
  /** A note mentions whoever looks. */
  mentioned?: boolean;
  channelId?: string;
  priority?: ConversationPriority;
  label?: string;
  /** How its timers stand. */
  sla?: SlaFilter;
  q?: string;
  /** The last active at the end. A search has the order of what was found. */
  oldest?: boolean;
};

export const DEFAULT_FILTER: ConversationFilter = { status: "open" };

export function filterFromSearch(search: string): ConversationFilter {
  const params = new URLSearchParams(search);
  const status = params.get("status");
  const q = params.get("q")?.trim();
  const mentioned = params.get("mentioned") === "me";
  const filter: ConversationFilter = {
    status: status === "all" || isStatus(status) ? status : usualStatus({ q, mentioned }),
  };
  if (mentioned) filter.mentioned = true;
  const assignee = params.get("assignee");
  if (assignee) filter.assignee = assignee;
  const team = params.get("team");
  if (team) filter.team = team;
  if (params.get("unread") === "true") filter.unread = true;
  const channelId = params.get("channel");
  if (channelId) filter.channelId = channelId;
  const priority = PRIORITIES.find((each) => each === params.get("priority"));
  if (priority) filter.priority = priority;
  const label = params.get("label");
  if (label) filter.label = label;
  const sla = SLA_FILTERS.find((each) => each === params.get("sla"));
  if (sla) filter.sla = sla;
  if (q) filter.q = q;
  else if (params.get("order") === "oldest") filter.oldest = true;
  return filter;
}

/** A search looks everywhere unless a status is asked for, and so do mentions. */
export function usualStatus(filter: Pick<ConversationFilter, "q" | "mentioned">): "all" | "open" {
  return filter.q || filter.mentioned ? "all" : "open";
}

export function searchFromFilter(filter: ConversationFilter): string {
  const params = new URLSearchParams();
  if (filter.status !== usualStatus(filter)) params.set("status", filter.status);
  if (filter.assignee) params.set("assignee", filter.assignee);
  if (filter.team) params.set("team", filter.team);
  if (filter.unread) params.set("unread", "true");
  if (filter.mentioned) params.set("mentioned", "me");
  if (filter.channelId) params.set("channel", filter.channelId);
  if (filter.priority) params.set("priority", filter.priority);
  if (filter.label) params.set("label", filter.label);
  if (filter.sla) params.set("sla", filter.sla);
  if (filter.q) params.set("q", filter.q);
  else if (filter.oldest) params.set("order", "oldest");
  const text = params.toString();
  return text ? `?${text}` : "";
}

export function queryFromFilter(filter: ConversationFilter, myId: string): Query {
  return {
    status: filter.status === "all" ? undefined : filter.status,
    assigneeId: filter.assignee === "me" ? myId : filter.assignee,
    teamId: filter.team,
    unread: filter.unread ? true : undefined,
    mentioned: filter.mentioned ? "me" : undefined,
    channelId: filter.channelId,
    priority: filter.priority,
    label: filter.label,
    sla: filter.sla,
    q: filter.q,
    order: filter.oldest && !filter.q ? "asc" : undefined,
  };
}

/** Would the server list this conversation under the filter? `undefined` where only the server can tell (full text, mentions). */
export function matchesFilter(
  conversation: Conversation,
  filter: ConversationFilter,
  myId: string,
): boolean | undefined {
  if (filter.status !== "all" && conversation.status !== filter.status) return false;
  if (filter.assignee === "me" && conversation.assigneeId !== myId) return false;
  if (filter.assignee === "none" && conversation.assigneeId != null) return false;
  if (filter.assignee && filter.assignee !== "me" && filter.assignee !== "none") {
    if (conversation.assigneeId !== filter.assignee) return false;
  }
  if (filter.team && (conversation.teamId ?? "none") !== filter.team) return false;
  if (filter.unread && !conversation.unread) return false;
  if (filter.channelId && conversation.channelId !== filter.channelId) return false;
  if (filter.priority && conversation.priority !== filter.priority) return false;
  if (filter.label && !conversation.labels.includes(filter.label)) return false;
  if (filter.sla && conversation.sla?.state !== filter.sla) return false;
  return filter.q || filter.mentioned ? undefined : true;
}

/** The order is no filter. */
export function isFiltered(filter: ConversationFilter): boolean {
  return searchFromFilter({ ...filter, oldest: undefined }) !== "";
}

function isStatus(text: string | null): text is ConversationStatus {
  return STATUSES.some((status) => status === text);
}
