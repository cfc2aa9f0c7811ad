/** A conversation for tests; each names only what it is about. */

import type { Conversation } from "../api/types";

export function conversation(change: Partial<Conversation> = {}): Conversation {
  return {
    id: "conv_1",
    channelId: "ch_1",
    useCaseId: null,
    contactId: "ct_1",
    subject: "Hello",
    number: 1,
    status: "open",
    priority: "normal",
    assigneeId: null,
    teamId: null,
    labels: [],
    unread: false,
    messageCount: 1,
    preview: "",
    snoozedUntil: null,
    lastActivityAt: "2026-01-01T10:00:00.000Z",
    createdAt: "2026-01-01T10:00:00.000Z",
    relatedConversationIds: [],
    ...change,
  };
}
