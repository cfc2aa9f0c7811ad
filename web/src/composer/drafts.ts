/** Drafts: what was written and not yet sent, kept in this browser by person and conversation. Never sends anything; draftSync.ts
 * carries them to the server. */

import type { DraftContent, DraftFile } from "../api/types";

export type Draft = {
  mode: "reply" | "note" | "forward";
  html: string;
  text: string;
  note: string;
  /** The address to write from, where it was chosen. */
  from: string | null;
  /** `null`: as the conversation suggests. */
  to: string[] | null;
  cc: string[] | null;
  bcc: string[];
  /** New messages only. */
  subject: string;
  channelId: string | null;
  /** What is forwarded, while the mode is that. */
  forwardedMessageId: string | null;
  /** Uploaded already. */
  files: DraftFile[];
  savedAt: number;
  /** Of the server's draft that this was made of; 0: it has none. */
  version: number;
  /** The server has not got it like this yet. */
  dirty: boolean;
  /** What of it was last sent to the server, so that one's own words are known when they come back. */
  pushed: string;
};

export const EMPTY_DRAFT: Draft = {
  mode: "reply",
  html: "",
  text: "",
  note: "",
  from: null,
  to: null,
  cc: null,
  bcc: [],
  subject: "",
  channelId: null,
  forwardedMessageId: null,
  files: [],
  savedAt: 0,
  version: 0,
  dirty: false,
  pushed: "",
};

const PREFIX = "postroom.draft.";
/** Drafts nobody came back to are dropped after this long. */
export const DRAFT_DAYS_MAX = 60;

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** Where the browser's storage is full or blocked, a draft still lasts as long as the page. */
const fallback = new Map<string, string>();

const listeners = new Set<(key: string) => void>();

/** Told of every draft that is changed in this page, by its key. */
export function onDraftChange(listener: (key: string) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(key: string): void {
  for (const listener of listeners) listener(key);
}

export const draftStorageKey = (key: string) => PREFIX + key;

export function isEmptyDraft(draft: Draft): boolean {
  const bodies = draft.text.trim() === "" && draft.note.trim() === "" && draft.subject.trim() === "";
  if (draft.forwardedMessageId !== null) return false;
  return bodies && draft.files.length === 0 && draft.bcc.length === 0 && draft.to === null && draft.cc === null;
}

/** The draft without its answer, or without its note: one is no reason to lose the other. */
export function withoutBody(draft: Draft, mode: Draft["mode"]): Draft {
  const { version, dirty, pushed } = draft;
  const rest: Draft = mode === "note" ? { ...draft, note: "" } : { ...EMPTY_DRAFT, note: draft.note, version, dirty, pushed };
  const [own, other] = mode === "note" ? (["note", "reply"] as const) : (["reply", "note"] as const);
  return { ...rest, mode: isEmptyDraft(rest) ? own : other };
}

export function hasDraft(key: string, store: Store = localStorage): boolean {
  const name = draftStorageKey(key);
  return fallback.has(name) || read(store, name) !== null;
}

export function parseDraft(text: string | null): Draft | null {
  if (!text) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const draft = { ...EMPTY_DRAFT, ...(value as Partial<Draft>) };
    return { ...draft, files: draft.files.filter((file) => typeof file === "object") };
  } catch {
    return null;
  }
}

export function loadDraft(key: string, store: Store = localStorage): Draft {
  const name = draftStorageKey(key);
  return parseDraft(fallback.get(name) ?? read(store, name)) ?? EMPTY_DRAFT;
}

/** Keeps what somebody changed; the server is to have it too. */
export function saveDraft(key: string, draft: Draft, nowMs: number, store: Store = localStorage): void {
  if (isEmptyDraft(draft)) discardDraft(key, store);
  else keepDraft(key, { ...draft, savedAt: nowMs, dirty: true }, store);
}

/** Keeps it as it is: what came from the server, or what is now known of it. */
export function keepDraft(key: string, draft: Draft, store: Store = localStorage): void {
  const name = draftStorageKey(key);
  const text = JSON.stringify(draft);
  try {
    store.setItem(name, text);
    fallback.delete(name);
  } catch {
    fallback.set(name, text);
  }
  tell(key);
}

export function discardDraft(key: string, store: Store = localStorage): void {
  fallback.delete(draftStorageKey(key));
  remove(store, draftStorageKey(key));
  tell(key);
}

/** The keys of a person's drafts that are kept here. */
export function draftKeys(userId: string, store: Store = localStorage): string[] {
  const names = Array.from({ length: store.length }, (_, index) => store.key(index) ?? "");
  const kept = [...names, ...fallback.keys()].filter((name) => name.startsWith(`${PREFIX}${userId}.`));
  return [...new Set(kept)].map((name) => name.slice(PREFIX.length));
}

/** A draft that was sent or discarded here and that the server may have still: what it is known by. */
export type Discarded = { version: number; pushed: string };

const DISCARDED_PREFIX = "postroom.discarded-draft.";

export function loadDiscarded(key: string, store: Store = localStorage): Discarded | null {
  try {
    const value: unknown = JSON.parse(read(store, DISCARDED_PREFIX + key) ?? "null");
    return typeof value === "object" && value !== null ? { version: 0, pushed: "", ...value } : null;
  } catch {
    return null;
  }
}

export function keepDiscarded(key: string, discarded: Discarded | null, store: Store = localStorage): void {
  if (!discarded) {
    remove(store, DISCARDED_PREFIX + key);
    return;
  }
  try {
    store.setItem(DISCARDED_PREFIX + key, JSON.stringify(discarded));
  } catch {
    // Where nothing can be kept, the server is told while the page lives.
  }
}

/** What the server keeps of a draft. */
export function contentOf(draft: Draft): DraftContent {
  const { mode, html, text, note, from, to, cc, bcc, subject, channelId, forwardedMessageId, files } = draft;
  return { mode, html, text, note, from, to, cc, bcc, subject, channelId, forwardedMessageId, files };
}

export function dropOldDrafts(nowMs: number, store: Store = localStorage): void {
  const oldest = nowMs - DRAFT_DAYS_MAX * 24 * 60 * 60 * 1_000;
  const names = Array.from({ length: store.length }, (_, index) => store.key(index));
  for (const name of names) {
    if (!name?.startsWith(PREFIX)) continue;
    const draft = parseDraft(read(store, name));
    if (!draft || draft.savedAt < oldest) remove(store, name);
  }
}

function read(store: Store, name: string): string | null {
  try {
    return store.getItem(name);
  } catch {
    return null;
  }
}

function remove(store: Store, name: string): void {
  try {
    store.removeItem(name);
  } catch {
    // Blocked storage holds nothing to remove.
  }
}
