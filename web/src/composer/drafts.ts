/** Drafts: what was written and not yet sent, kept in this browser by person and conversation. Never sends anything. */

export type Draft = {
  mode: "reply" | "note";
  html: string;
  text: string;
  note: string;
  /** `null`: as the conversation suggests. */
  to: string[] | null;
  cc: string[] | null;
  bcc: string[];
  /** New messages only. */
  subject: string;
  channelId: string | null;
  /** Names alone: the files themselves stay in memory. */
  files: string[];
  savedAt: number;
};

export const EMPTY_DRAFT: Draft = {
  mode: "reply",
  html: "",
  text: "",
  note: "",
  to: null,
  cc: null,
  bcc: [],
  subject: "",
  channelId: null,
  files: [],
  savedAt: 0,
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
  return bodies && draft.files.length === 0 && draft.bcc.length === 0 && draft.to === null && draft.cc === null;
}

/** The draft without its answer, or without its note: one is no reason to lose the other. */
export function withoutBody(draft: Draft, mode: Draft["mode"]): Draft {
  const rest: Draft = mode === "note" ? { ...draft, note: "" } : { ...EMPTY_DRAFT, note: draft.note };
  const other = mode === "note" ? "reply" : "note";
  return { ...rest, mode: isEmptyDraft(rest) ? mode : other };
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
    return { ...EMPTY_DRAFT, ...(value as Partial<Draft>) };
  } catch {
    return null;
  }
}

export function loadDraft(key: string, store: Store = localStorage): Draft {
  const name = draftStorageKey(key);
  return parseDraft(fallback.get(name) ?? read(store, name)) ?? EMPTY_DRAFT;
}

export function saveDraft(key: string, draft: Draft, nowMs: number, store: Store = localStorage): void {
  const name = draftStorageKey(key);
  if (isEmptyDraft(draft)) {
    discardDraft(key, store);
    return;
  }
  const text = JSON.stringify({ ...draft, savedAt: nowMs });
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
