/** The API's values as the dashboard uses them. Owns their names here; never a second definition of their shape. */

export type Page<T> = { items: T[]; cursor: string };

export type ConversationStatus = "open" | "pending" | "snoozed" | "resolved";

export type Conversation = {
  id: string;
  channelId: string | null;
  useCaseId: string | null;
  contactId: string | null;
  subject: string;
  status: ConversationStatus;
  assigneeId: string | null;
  teamId: string | null;
  labels: string[];
  unread: boolean;
  messageCount: number;
  preview: string;
  snoozedUntil: string | null;
  lastActivityAt: string;
  createdAt: string;
  relatedConversationIds: string[];
  /** In lists and where one conversation is asked for; not in events and answers to changes. */
  contact?: ContactSummary | null;
};

export type ContactSummary = { id: string; name: string | null; address: string | null };

export type ConversationCounts = {
  open: number;
  pending: number;
  snoozed: number;
  resolved: number;
  unread: number;
  mine: number;
  unassigned: number;
};

export type MessageStatus =
  | "received"
  | "scheduled"
  | "queued"
  | "sending"
  | "sent"
  | "delivered"
  | "deferred"
  | "bounced"
  | "failed"
  | "complained"
  | "suppressed"
  | "cancelled";

export type AuthResult = "pass" | "fail" | "softfail" | "neutral" | "policy" | "none" | "temperror" | "permerror";

export type AuthResults = {
  spf: AuthResult;
  dkim: AuthResult;
  dmarc: AuthResult;
  arc: AuthResult;
  dmarcPolicy: "none" | "quarantine" | "reject";
  dkimDomains?: string[];
  detail?: string | null;
};

export type Attachment = {
  id: string;
  filename: string;
  contentType: string;
  size: number;
  contentId: string | null;
  disposition: "attachment" | "inline";
  url: string;
  withheld?: "tooLarge" | "blockedType" | null;
};

export type EmailContent = {
  subject: string;
  text: string | null;
  html: string | null;
  replyText: string | null;
  cc: string[];
  attachments: Attachment[];
};

export type Content = { type: "email"; email: EmailContent } | { type: "note"; text: string };

export type Recipient = {
  type: "to" | "cc" | "bcc";
  address: string;
  name: string | null;
  status: MessageStatus | null;
};

export type ThreadedBy =
  | "conversation"
  | "replyToken"
  | "inReplyTo"
  | "references"
  | "sharedAncestor"
  | "subject"
  | "new";

export type Message = {
  id: string;
  channelId: string | null;
  channelType: string;
  useCaseId: string | null;
  conversationId: string;
  contactId: string | null;
  direction: "inbound" | "outbound";
  status: MessageStatus;
  private: boolean;
  authorId: string | null;
  from: string;
  to: string | null;
  recipients: Recipient[];
  customData: Record<string, unknown>;
  tags: string[];
  content: Content;
  scheduledAt: string | null;
  timestamp: string;
  threadedBy: ThreadedBy;
  metadata: {
    messageId: string | null;
    inReplyTo: string | null;
    references: string[];
    headers: Record<string, string>;
    auth: AuthResults | null;
    autoReply: boolean;
    kind: string;
    unauthenticated?: boolean;
    newSender?: boolean;
    messageIdReused?: boolean;
    limits?: string[];
  };
};

export type DeliveryAttempt = { at: string; host: string | null; response: string; tls: boolean };

export type Delivery = {
  id: string;
  messageId: string;
  recipient: string;
  status: MessageStatus;
  transport: string;
  attempts: DeliveryAttempt[];
  nextAttemptAt: string | null;
  updatedAt: string;
};

export type Provider =
  | "smtp_imap"
  | "forwarding"
  | "domain"
  | "sendgrid"
  | "mailgun"
  | "ses"
  | "postmark"
  | "microsoft365"
  | "google"
  | "sandbox";

export type TransportSecurity = "starttls" | "tls" | "none";

export type Channel = {
  id: string;
  type: string;
  name: string;
  provider: Provider;
  emailAddress: string | null;
  displayName: string | null;
  aliases: string[];
  signature: { text?: string | null; html?: string | null };
  config: {
    smtpHost?: string | null;
    smtpPort?: number | null;
    smtpSecurity?: TransportSecurity | null;
    imapHost?: string | null;
    imapPort?: number | null;
    imapSecurity?: TransportSecurity | null;
    username?: string | null;
  };
  authPolicy: "none" | "mark" | "reject";
  threadBySubject: boolean;
  status: "connected" | "disconnected";
  inboundAddress: string;
  webhookUrl: string;
  createdAt: string;
  updatedAt: string;
};

export type ChannelInput = {
  type?: "email";
  name?: string;
  provider?: Provider;
  emailAddress?: string | null;
  displayName?: string | null;
  aliases?: string[];
  signature?: { text?: string; html?: string };
  config?: Channel["config"] & { password?: string };
  authPolicy?: Channel["authPolicy"];
  threadBySubject?: boolean;
};

export type TestStep = { name: string; ok: boolean; detail: string; hint?: string | null; durationMs: number };
export type TestResult = { ok: boolean; steps: TestStep[] };

export type Contact = {
  id: string;
  name: string | null;
  addresses: { address: string; primary: boolean }[];
  attributes: Record<string, unknown>;
  createdAt: string;
};

export type User = { id: string; email: string; name: string | null; role: "admin" | "agent"; createdAt: string };

export type Session = { user: User; workspace: { id: string; name: string } };

export type WebhookEndpoint = {
  id: string;
  url: string;
  events: string[];
  format: "postroom" | "emailengine";
  enabled: boolean;
  disabledReason: string | null;
  secret?: string | null;
  createdAt: string;
  updatedAt: string;
};

export type WebhookAttempt = { at: string; statusCode: number | null; durationMs: number; response: string };

export type WebhookDelivery = {
  id: string;
  eventId: string;
  eventType: string;
  status: "pending" | "delivered" | "failed";
  attempts: WebhookAttempt[];
  nextAttemptAt: string | null;
  createdAt: string;
};

export type Scope =
  | "admin"
  | "channels:read"
  | "channels:write"
  | "messages:read"
  | "messages:send"
  | "conversations:read"
  | "conversations:write"
  | "contacts:read"
  | "contacts:write"
  | "events:read"
  | "webhooks:read"
  | "webhooks:write"
  | "metrics:read";

export type ApiKey = {
  id: string;
  name: string;
  scopes: Scope[];
  channelId: string | null;
  hint: string;
  createdAt: string;
  lastUsedAt: string | null;
  /** The key itself, in the answer to its creation alone. */
  key?: string | null;
};

export type PostroomEvent = { id: string; type: string; timestamp: string; data: unknown };

/** RFC 9457, as every error of the platform API carries it. */
export type ProblemDocument = {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  errors?: { pointer?: string; detail: string }[];
  /** To look up in the server's log. */
  requestId?: string;
};

export type OutgoingAttachment = { filename: string; content: string; contentType: string };
