/** The calls about people, as endpoints.ts has them for the rest: contacts, what is noted of them, what they said, what is erased. */

import { request, type Query } from "./request";
import type {
  Activity,
  Contact,
  ContactNote,
  Conversation,
  ErasedSuppressions,
  Erasure,
  ErasureCounts,
  Page,
  Rating,
  RatingSummary,
  RetentionRules,
  SurveySettings,
} from "./types";

type Signal = AbortSignal | undefined;

export type ContactPatch = {
  name?: string | null;
  /** Merged into those there are; null takes one away. */
  attributes?: Record<string, unknown>;
  ifUpdatedAt?: string;
};

export const contacts = {
  list: (query: Query, signal?: Signal) => request<Page<Contact>>("GET", "/contacts", { query, signal }),
  get: (id: string, signal?: Signal) => request<Contact>("GET", `/contacts/${id}`, { signal }),
  create: (body: { name?: string; addresses: string[] }, idempotencyKey: string) =>
    request<Contact>("POST", "/contacts", { body, idempotencyKey }),
  patch: (id: string, body: ContactPatch) => request<Contact>("PATCH", `/contacts/${id}`, { body }),
  putAddress: (id: string, address: string, primary: boolean) =>
    request<Contact>("POST", `/contacts/${id}/addresses`, { body: { address, primary } }),
  removeAddress: (id: string, address: string) =>
    request<Contact>("DELETE", `/contacts/${id}/addresses/${encodeURIComponent(address)}`),
  merge: (id: string, contactId: string) => request<Contact>("POST", `/contacts/${id}/merge`, { body: { contactId } }),
  conversations: (id: string, signal?: Signal) =>
    request<Page<Conversation>>("GET", `/contacts/${id}/conversations`, { query: { take: 20 }, signal }),
  conversationPage: (id: string, query: Query, signal?: Signal) =>
    request<Page<Conversation>>("GET", `/contacts/${id}/conversations`, { query, signal }),
  activities: (id: string, query: Query, signal?: Signal) =>
    request<Page<Activity>>("GET", `/contacts/${id}/activities`, { query, signal }),
  exportUrl: (id: string) => `/api/v1/contacts/${id}/export`,
  erasure: (id: string, signal?: Signal) => request<ErasureCounts>("GET", `/contacts/${id}/erasure`, { signal }),
  erase: (id: string, suppressions: ErasedSuppressions) =>
    request<Erasure>("POST", `/contacts/${id}/erase`, { body: { suppressions } }),
};

export const contactNotes = {
  list: (id: string, query: Query, signal?: Signal) =>
    request<Page<ContactNote>>("GET", `/contacts/${id}/notes`, { query, signal }),
  create: (id: string, text: string, idempotencyKey: string) =>
    request<ContactNote>("POST", `/contacts/${id}/notes`, { body: { text }, idempotencyKey }),
  change: (id: string, noteId: string, text: string) =>
    request<ContactNote>("PATCH", `/contacts/${id}/notes/${noteId}`, { body: { text } }),
  remove: (id: string, noteId: string) => request<void>("DELETE", `/contacts/${id}/notes/${noteId}`),
};

export const erasures = {
  list: (query: Query, signal?: Signal) => request<Page<Erasure>>("GET", "/erasures", { query, signal }),
};

export const retention = {
  get: (signal?: Signal) => request<RetentionRules>("GET", "/retention", { signal }),
  put: (body: RetentionRules) => request<RetentionRules>("PUT", "/retention", { body }),
  preview: (body: RetentionRules) => request<ErasureCounts>("POST", "/retention/preview", { body }),
};

export const ratings = {
  list: (query: Query, signal?: Signal) => request<Page<Rating>>("GET", "/ratings", { query, signal }),
  summary: (query: Query, signal?: Signal) => request<RatingSummary>("GET", "/ratings/summary", { query, signal }),
};

export const surveys = {
  get: (channelId: string, signal?: Signal) => request<SurveySettings>("GET", `/channels/${channelId}/survey`, { signal }),
  put: (channelId: string, body: SurveySettings) => request<SurveySettings>("PUT", `/channels/${channelId}/survey`, { body }),
};
