/** Names of what the query client caches, so that live events find what they change. */

import type { ConversationFilter } from "../conversations/filter";

export const keys = {
  session: ["session"] as const,
  counts: ["counts"] as const,
  conversationLists: ["conversations"] as const,
  conversationList: (filter: ConversationFilter) => ["conversations", filter] as const,
  conversation: (id: string) => ["conversation", id] as const,
  messages: (conversationId: string) => ["messages", conversationId] as const,
  message: (id: string) => ["message", id] as const,
  raw: (messageId: string) => ["raw", messageId] as const,
  deliveries: (messageId: string) => ["deliveries", messageId] as const,
  contact: (id: string) => ["contact", id] as const,
  contactConversations: (id: string) => ["contact-conversations", id] as const,
  channels: ["channels"] as const,
  users: ["users"] as const,
  webhooks: ["webhooks"] as const,
  webhookDeliveries: (id: string) => ["webhook-deliveries", id] as const,
  allWebhookDeliveries: ["webhook-deliveries"] as const,
  outbox: ["outbox"] as const,
  apiKeys: ["api-keys"] as const,
};
