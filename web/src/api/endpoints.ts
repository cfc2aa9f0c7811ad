/** Every call the dashboard makes, by resource. Owns paths and bodies; never keeps state. */

import { request, requestText, uploadFile, type Query } from "./request";
import type {
  AnalyticsSeries,
  AnalyticsSummary,
  ApiKey,
  AuditEntry,
  Automation,
  AutomationChange,
  AutomationInput,
  AutomationRun,
  AutomationTest,
  AutomationToTest,
  Broadcast,
  BroadcastChange,
  BroadcastInput,
  BroadcastWithContent,
  BusinessHours,
  BulkAnswer,
  Channel,
  ChannelInput,
  CodeNeeded,
  ContactList,
  Conversation,
  ConversationCounts,
  ConversationPriority,
  ConversationStatus,
  CreatedUser,
  Delivery,
  Discovered,
  Domain,
  DomainExamination,
  DraftContent,
  IdentityProvider,
  IdentityProviderInput,
  Invitation,
  ListImport,
  ListMember,
  InsightBy,
  InsightGroups,
  InsightSeries,
  InsightSummary,
  Message,
  NewSecondFactor,
  OutgoingAttachment,
  OwnSession,
  Page,
  RecoveryCodes,
  Scope,
  SlaPolicy,
  SlaPolicyInput,
  SecondFactor,
  ServerDraft,
  Session,
  SignInProvider,
  Suppression,
  SuppressionImport,
  SuppressionInput,
  Team,
  TeamChange,
  TeamInput,
  Template,
  TemplateContent,
  TemplateFormat,
  TemplatePreview,
  TemplateSummary,
  TemplateVersion,
  TestResult,
  Upload,
  UseCase,
  UseCaseInput,
  User,
  View,
  ViewFilter,
  UserChange,
  UserInput,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookReplay,
  Workspace,
  WorkspaceChange,
} from "./types";

type Signal = AbortSignal | undefined;

const PAGES_MAX = 20;

/** Every page of a list that people expect whole (channels in a menu, the recipients of a message). */
async function whole<T>(path: string, signal: Signal, query: Query = {}): Promise<Page<T>> {
  const items: T[] = [];
  let cursor = "";
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await request<Page<T>>("GET", path, { query: { ...query, take: 100, cursor }, signal });
    items.push(...found.items);
    cursor = found.cursor;
    if (!cursor) break;
  }
  return { items, cursor };
}

export const session = {
  get: (signal?: Signal) => request<Session>("GET", "/session", { signal }),
  create: (body: { email: string; password: string } | { token: string }) =>
    request<Session | CodeNeeded>("POST", "/session", { body }),
  secondStep: (body: { token: string; code: string }) => request<Session>("POST", "/session/second-step", { body }),
  providers: (signal?: Signal) => request<{ items: SignInProvider[] }>("GET", "/session/providers", { signal }),
  end: () => request<void>("DELETE", "/session"),
};

export type ConversationPatch = {
  status?: ConversationStatus;
  assigneeId?: string | null;
  teamId?: string | null;
  labels?: string[];
  snoozedUntil?: string | null;
  unread?: boolean;
  priority?: ConversationPriority;
};

/** A change of many: labels may be added and taken away. */
export type BulkPatch = ConversationPatch & { teamId?: string | null; labelsAdd?: string[]; labelsRemove?: string[] };

export type ReplyInput = {
  from?: string;
  signature?: boolean;
  text: string;
  html?: string;
  to?: string[];
  cc?: string[];
  bcc?: string[];
  attachments?: OutgoingAttachment[];
  scheduledAt?: string;
  undoSeconds?: number;
  private?: boolean;
  lastSeenMessageId?: string;
  forward?: { messageId: string; attachments: boolean };
};

export const conversations = {
  list: (query: Query, signal?: Signal) => request<Page<Conversation>>("GET", "/conversations", { query, signal }),
  counts: (signal?: Signal) => request<ConversationCounts>("GET", "/conversations/counts", { signal }),
  get: (id: string, signal?: Signal) => request<Conversation>("GET", `/conversations/${id}`, { signal }),
  patch: (id: string, body: ConversationPatch) => request<Conversation>("PATCH", `/conversations/${id}`, { body }),
  /** At most 100 at once. */
  bulk: (changes: { id: string; change: BulkPatch }[]) =>
    request<BulkAnswer>("POST", "/conversations/bulk", { body: { changes } }),
  seeMentions: (id: string) => request<void>("POST", `/conversations/${id}/mentions/read`),
  messages: (id: string, query: Query, signal?: Signal) =>
    request<Page<Message>>("GET", `/conversations/${id}/messages`, { query, signal }),
  reply: (id: string, body: ReplyInput, idempotencyKey: string) =>
    request<Message>("POST", `/conversations/${id}/messages`, { body, idempotencyKey }),
  merge: (id: string, conversationIds: string[]) =>
    request<Conversation>("POST", `/conversations/${id}/merge`, { body: { conversationIds } }),
  split: (id: string, messageIds: string[]) =>
    request<Conversation>("POST", `/conversations/${id}/split`, { body: { messageIds } }),
  move: (id: string, channelId: string) => request<Conversation>("POST", `/conversations/${id}/move`, { body: { channelId } }),
  putPresence: (id: string, typing?: boolean) => request<void>("PUT", `/conversations/${id}/presence`, { body: { typing } }),
  leave: (id: string) => request<void>("DELETE", `/conversations/${id}/presence`, { keepalive: true }),
};

/** A place is a conversation's id, or `new`. */
export const drafts = {
  list: () => whole<ServerDraft>("/drafts", undefined),
  get: (place: string) => request<ServerDraft>("GET", `/drafts/${place}`),
  put: (place: string, version: number, content: DraftContent) =>
    request<ServerDraft>("PUT", `/drafts/${place}`, { body: { version, content } }),
  remove: (place: string) => request<void>("DELETE", `/drafts/${place}`),
};

export const uploads = {
  add: (file: File, onSent: (bytes: number) => void, signal: AbortSignal) =>
    uploadFile<Upload>("/uploads", { filename: file.name || "file" }, file, onSent, signal),
  url: (id: string) => `/api/v1/uploads/${id}`,
};

export const labels = {
  list: (signal?: Signal) => whole<{ name: string }>("/labels", signal),
};

export const views = {
  list: (signal?: Signal) => whole<View>("/views", signal),
  create: (body: { name: string; filter: ViewFilter; shared: boolean }, idempotencyKey: string) =>
    request<View>("POST", "/views", { body, idempotencyKey }),
  change: (id: string, body: { name?: string; filter?: ViewFilter; shared?: boolean; position?: number }) =>
    request<View>("PATCH", `/views/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/views/${id}`),
};

export type NewMessageInput = {
  channelId: string;
  from?: string;
  signature?: boolean;
  to: string[];
  content: {
    type: "email";
    email: {
      subject: string;
      text: string;
      html?: string;
      cc?: string[];
      bcc?: string[];
      attachments?: OutgoingAttachment[];
    };
  };
  scheduledAt?: string;
  undoSeconds?: number;
};

export const messages = {
  send: (body: NewMessageInput, idempotencyKey: string) =>
    request<Message>("POST", "/messages", { body, idempotencyKey }),
  list: (query: Query, signal?: Signal) => request<Page<Message>>("GET", "/messages", { query, signal }),
  get: (id: string, signal?: Signal) => request<Message>("GET", `/messages/${id}`, { signal }),
  raw: (id: string, signal?: Signal) => requestText(`/messages/${id}/raw`, { signal }),
  deliveries: (id: string, signal?: Signal) => whole<Delivery>(`/messages/${id}/deliveries`, signal),
  retry: (id: string) => request<Message>("POST", `/messages/${id}/retry`),
  cancel: (id: string) => request<Message>("POST", `/messages/${id}/cancel`),
  htmlUrl: (id: string, remoteImages: boolean, colorScheme: "light" | "dark") =>
    `/api/v1/messages/${id}/html?remoteImages=${remoteImages}&colorScheme=${colorScheme}`,
  rawUrl: (id: string) => `/api/v1/messages/${id}/raw`,
};

/** A message under a use case, to see how it arrives. */
export type TestMessageInput = {
  useCaseId: string;
  to: string;
  tags: string[];
  template?: { id: string };
  content?: { type: "email"; email: { subject: string; html?: string; text?: string } };
};

export const broadcasts = {
  list: (query: Query, signal?: Signal) => request<Page<Broadcast>>("GET", "/broadcasts", { query, signal }),
  get: (id: string, signal?: Signal) => request<BroadcastWithContent>("GET", `/broadcasts/${id}`, { signal }),
  create: (body: BroadcastInput, idempotencyKey: string) =>
    request<Broadcast>("POST", "/broadcasts", { body, idempotencyKey }),
  change: (id: string, body: BroadcastChange) => request<Broadcast>("PATCH", `/broadcasts/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/broadcasts/${id}`),
  act: (id: string, act: "send" | "pause" | "resume" | "cancel") => request<Broadcast>("POST", `/broadcasts/${id}/${act}`),
  test: (body: TestMessageInput, idempotencyKey: string) => request<Message>("POST", "/messages", { body, idempotencyKey }),
};

export type MemberInput = { address: string; name?: string; variables?: Record<string, unknown> };

export const lists = {
  list: (signal?: Signal) => whole<ContactList>("/lists", signal),
  get: (id: string, signal?: Signal) => request<ContactList>("GET", `/lists/${id}`, { signal }),
  create: (name: string, idempotencyKey: string) => request<ContactList>("POST", "/lists", { body: { name }, idempotencyKey }),
  rename: (id: string, name: string) => request<ContactList>("PATCH", `/lists/${id}`, { body: { name } }),
  remove: (id: string) => request<void>("DELETE", `/lists/${id}`),
  members: (id: string, query: Query, signal?: Signal) =>
    request<Page<ListMember>>("GET", `/lists/${id}/members`, { query, signal }),
  addMember: (id: string, member: MemberInput) =>
    request<{ added: number; changed: number; unchanged: number }>("POST", `/lists/${id}/members`, { body: { members: [member] } }),
  removeMember: (id: string, contactId: string) => request<void>("DELETE", `/lists/${id}/members/${contactId}`),
  importCsv: (id: string, csv: Blob) => request<ListImport>("POST", `/lists/${id}/members/import`, { csv }),
};

export const channels = {
  list: (signal?: Signal) => whole<Channel>("/channels", signal),
  get: (id: string, signal?: Signal) => request<Channel>("GET", `/channels/${id}`, { signal }),
  create: (body: ChannelInput, idempotencyKey: string) => request<Channel>("POST", "/channels", { body, idempotencyKey }),
  patch: (id: string, body: ChannelInput) => request<Channel>("PATCH", `/channels/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/channels/${id}`),
  testNew: (body: ChannelInput) => request<TestResult>("POST", "/channels/test", { body }),
  test: (id: string) => request<TestResult>("POST", `/channels/${id}/test`),
};

/** Where a mailbox is, as programs that keep mailboxes ask for it: not one of the API's own resources. */
export const autoconfig = {
  find: (email: string, signal?: Signal) => request<Discovered>("GET", "/autoconfig", { root: "/v1", query: { email }, signal }),
};

export const users = {
  list: (signal?: Signal) => whole<User>("/users", signal),
  me: () => request<User>("GET", "/users/me"),
  create: (body: UserInput, idempotencyKey: string) => request<CreatedUser>("POST", "/users", { body, idempotencyKey }),
  patch: (id: string, body: UserChange) => request<User>("PATCH", `/users/${id}`, { body }),
  patchMe: (body: UserChange) => request<User>("PATCH", "/users/me", { body }),
  remove: (id: string) => request<void>("DELETE", `/users/${id}`),
  invite: (id: string) => request<Invitation>("POST", `/users/${id}/invite`, { body: {} }),
  resetSecondFactor: (id: string) => request<void>("DELETE", `/users/${id}/second-factor`),
};

export const secondFactor = {
  get: (signal?: Signal) => request<SecondFactor>("GET", "/users/me/second-factor", { signal }),
  begin: () => request<NewSecondFactor>("POST", "/users/me/second-factor", { body: {} }),
  confirm: (code: string) => request<RecoveryCodes>("POST", "/users/me/second-factor/confirm", { body: { code } }),
  renewCodes: (code: string) => request<RecoveryCodes>("POST", "/users/me/second-factor/recovery-codes", { body: { code } }),
  disable: (code: string) => request<void>("POST", "/users/me/second-factor/disable", { body: { code } }),
};

export const ownSessions = {
  list: (signal?: Signal) => whole<OwnSession>("/users/me/sessions", signal),
  end: (id: string) => request<void>("DELETE", `/users/me/sessions/${id}`),
  endOthers: () => request<void>("DELETE", "/users/me/sessions"),
};

export const workspaces = {
  get: (signal?: Signal) => request<Workspace>("GET", "/workspace", { signal }),
  change: (body: WorkspaceChange) => request<Workspace>("PATCH", "/workspace", { body }),
};

export const identityProvider = {
  get: (signal?: Signal) => request<IdentityProvider>("GET", "/workspace/identity-provider", { signal }),
  put: (body: IdentityProviderInput) => request<IdentityProvider>("PUT", "/workspace/identity-provider", { body }),
  remove: () => request<void>("DELETE", "/workspace/identity-provider"),
  test: (body: IdentityProviderInput) => request<TestResult>("POST", "/workspace/identity-provider/test", { body }),
};

export const auditLog = {
  page: (query: Query, signal?: Signal) => request<Page<AuditEntry>>("GET", "/audit-log", { query, signal }),
};

export const teams = {
  list: (signal?: Signal) => whole<Team>("/teams", signal),
  create: (body: TeamInput, idempotencyKey: string) => request<Team>("POST", "/teams", { body, idempotencyKey }),
  patch: (id: string, body: TeamChange) => request<Team>("PATCH", `/teams/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/teams/${id}`),
};

export const automations = {
  list: (signal?: Signal) => whole<Automation>("/automations", signal),
  get: (id: string, signal?: Signal) => request<Automation>("GET", `/automations/${id}`, { signal }),
  create: (body: AutomationInput, idempotencyKey: string) =>
    request<Automation>("POST", "/automations", { body, idempotencyKey }),
  change: (id: string, body: AutomationChange) => request<Automation>("PATCH", `/automations/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/automations/${id}`),
  test: (body: AutomationToTest) => request<AutomationTest>("POST", "/automations/test", { body }),
  runs: (id: string, query: Query, signal?: Signal) =>
    request<Page<AutomationRun>>("GET", `/automations/${id}/runs`, { query, signal }),
};

export const businessHours = {
  get: (signal?: Signal) => request<BusinessHours>("GET", "/workspace/business-hours", { signal }),
  change: (body: BusinessHours) => request<BusinessHours>("PATCH", "/workspace/business-hours", { body }),
};

export type WebhookInput = { url?: string; events?: string[]; enabled?: boolean };

export const webhooks = {
  list: (signal?: Signal) => whole<WebhookEndpoint>("/webhooks", signal),
  get: (id: string, signal?: Signal) => request<WebhookEndpoint>("GET", `/webhooks/${id}`, { signal }),
  create: (body: WebhookInput, idempotencyKey: string) =>
    request<WebhookEndpoint>("POST", "/webhooks", { body, idempotencyKey }),
  patch: (id: string, body: WebhookInput) => request<WebhookEndpoint>("PATCH", `/webhooks/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/webhooks/${id}`),
  deliveries: (id: string, query: Query, signal?: Signal) =>
    request<Page<WebhookDelivery>>("GET", `/webhooks/${id}/deliveries`, { query, signal }),
  retry: (id: string, deliveryId: string) =>
    request<WebhookDelivery>("POST", `/webhooks/${id}/deliveries/${deliveryId}/retry`),
  test: (id: string) => request<WebhookDelivery>("POST", `/webhooks/${id}/test`),
  rotateSecret: (id: string) => request<WebhookEndpoint>("POST", `/webhooks/${id}/rotate-secret`),
  replay: (id: string, after: string) =>
    request<WebhookReplay>("POST", `/webhooks/${id}/replay`, { body: { after } }),
  stopReplay: (id: string) => request<void>("DELETE", `/webhooks/${id}/replay`),
};

export const apiKeys = {
  list: (signal?: Signal) => whole<ApiKey>("/api-keys", signal),
  create: (body: { name: string; scopes: Scope[]; channelId?: string }) =>
    request<ApiKey>("POST", "/api-keys", { body }),
  remove: (id: string) => request<void>("DELETE", `/api-keys/${id}`),
};

export const domains = {
  list: (signal?: Signal) => whole<Domain>("/domains", signal),
  get: (id: string, signal?: Signal) => request<Domain>("GET", `/domains/${id}`, { signal }),
  create: (body: { name: string }, idempotencyKey: string) => request<Domain>("POST", "/domains", { body, idempotencyKey }),
  remove: (id: string) => request<void>("DELETE", `/domains/${id}`),
  verify: (id: string) => request<Domain>("POST", `/domains/${id}/verify`),
  rotateDkim: (id: string) => request<Domain>("POST", `/domains/${id}/rotate-dkim`),
  examine: (id: string, signal?: Signal) => request<DomainExamination>("GET", `/domains/${id}/doctor`, { signal }),
};

/** What can be changed of a use case; the domain it belongs to can't. */
export type UseCaseChange = Partial<Omit<UseCaseInput, "domainId">>;

export const useCases = {
  list: (domainId: string | undefined, signal?: Signal) => whole<UseCase>("/use-cases", signal, { domainId }),
  get: (id: string, signal?: Signal) => request<UseCase>("GET", `/use-cases/${id}`, { signal }),
  create: (body: UseCaseInput, idempotencyKey: string) =>
    request<UseCase>("POST", "/use-cases", { body, idempotencyKey }),
  patch: (id: string, body: UseCaseChange) => request<UseCase>("PATCH", `/use-cases/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/use-cases/${id}`),
};

export const suppressions = {
  list: (query: Query, signal?: Signal) => request<Page<Suppression>>("GET", "/suppressions", { query, signal }),
  create: (body: SuppressionInput, idempotencyKey: string) =>
    request<Suppression>("POST", "/suppressions", { body, idempotencyKey }),
  remove: (id: string) => request<void>("DELETE", `/suppressions/${id}`),
  importCsv: (csv: Blob) => request<SuppressionImport>("POST", "/suppressions/import", { csv }),
  exportUrl: "/api/v1/suppressions/export",
};

export const analytics = {
  summary: (query: Query, signal?: Signal) => request<AnalyticsSummary>("GET", "/analytics/summary", { query, signal }),
  series: (query: Query, signal?: Signal) => request<AnalyticsSeries>("GET", "/analytics/series", { query, signal }),
};

export const insight = {
  summary: (query: Query, signal?: Signal) => request<InsightSummary>("GET", "/insight/summary", { query, signal }),
  series: (query: Query, signal?: Signal) => request<InsightSeries>("GET", "/insight/series", { query, signal }),
  groups: (query: Query & { by: InsightBy }, signal?: Signal) => request<InsightGroups>("GET", "/insight/groups", { query, signal }),
};

export const slaPolicies = {
  list: (signal?: Signal) => whole<SlaPolicy>("/sla-policies", signal),
  create: (body: SlaPolicyInput, idempotencyKey: string) => request<SlaPolicy>("POST", "/sla-policies", { body, idempotencyKey }),
  change: (id: string, body: Partial<SlaPolicyInput> & { position?: number }) => request<SlaPolicy>("PATCH", `/sla-policies/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/sla-policies/${id}`),
};

export type TemplateInput = { name: string; description?: string | null; format?: TemplateFormat; content: TemplateContent };

export const templates = {
  list: (signal?: Signal) => whole<TemplateSummary>("/templates", signal),
  get: (id: string, signal?: Signal) => request<Template>("GET", `/templates/${id}`, { signal }),
  create: (body: TemplateInput, idempotencyKey: string) =>
    request<Template>("POST", "/templates", { body, idempotencyKey }),
  patch: (id: string, body: TemplateInput) => request<Template>("PATCH", `/templates/${id}`, { body }),
  remove: (id: string) => request<void>("DELETE", `/templates/${id}`),
  versions: (id: string, signal?: Signal) => whole<TemplateVersion>(`/templates/${id}/versions`, signal),
  preview: (id: string, variables: Record<string, unknown>) =>
    request<TemplatePreview>("POST", `/templates/${id}/preview`, { body: { variables } }),
  test: (id: string, body: { channelId: string; to: string; variables: Record<string, unknown> }, idempotencyKey: string) =>
    request<Message>("POST", `/templates/${id}/test`, { body, idempotencyKey }),
};
