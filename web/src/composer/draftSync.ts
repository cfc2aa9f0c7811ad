/**
 * Carries drafts between this browser and the server, so that what is begun on one device goes on at another. What is typed is kept
 * here first; the server follows. Nothing is written over unseen: two changes made at once are shown to whoever made them.
 */

import { drafts as api } from "../api/endpoints";
import { asProblem } from "../api/problem";
import type { ServerDraft } from "../api/types";
import {
  contentOf,
  discardDraft,
  draftKeys,
  EMPTY_DRAFT,
  isEmptyDraft,
  keepDiscarded,
  keepDraft,
  loadDiscarded,
  loadDraft,
  onDraftChange,
  type Discarded,
  type Draft,
} from "./drafts";

/** So long after the last change the server is told. */
const PUSH_MS = 800;
const RETRY_MS_FIRST = 2_000;
const RETRY_MS_MAX = 60_000;

export type DraftSync = {
  /** The server's draft at this place changed; version 0: it is gone. */
  signal: (place: string, version: number) => void;
  /** Signals may have been missed. */
  resync: () => Promise<void>;
  /** What another device wrote at the same time. */
  conflictAt: (place: string) => ServerDraft | undefined;
  keepMine: (place: string) => void;
  takeOther: (place: string) => void;
  subscribe: (listener: () => void) => () => void;
  stop: () => void;
};

/** Short, and different for different texts as good as always (FNV-1a). */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return `${text.length.toString(36)}.${(hash >>> 0).toString(36)}`;
}

/** The same whatever order the server writes fields in. */
function said(draft: Draft): string {
  return JSON.stringify(contentOf({ ...EMPTY_DRAFT, ...draft }));
}

export function draftFrom(remote: ServerDraft): Draft {
  const draft: Draft = { ...EMPTY_DRAFT, ...(remote.content as Partial<Draft>), version: remote.version };
  return { ...draft, savedAt: Date.parse(remote.updatedAt), dirty: false, pushed: fingerprint(said(draft)) };
}

export type Verdict = "take" | "stamp" | "push" | "conflict";

/** What becomes of the draft here when the server has another. */
export function judge(local: Draft, remote: Draft): Verdict {
  if (isEmptyDraft(local) || !local.dirty) return "take";
  if (said(local) === said(remote)) return "stamp";
  // Mine of a moment ago, or the one that this was made of.
  if (local.pushed === remote.pushed || local.version === remote.version) return "push";
  return "conflict";
}

export function startDraftSync(userId: string): DraftSync {
  /** What is known of the drafts that the server has. */
  const there = new Map<string, Discarded>();
  const conflicts = new Map<string, ServerDraft>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const inFlight = new Set<string>();
  const failures = new Map<string, number>();
  const listeners = new Set<() => void>();
  let own = false;
  let stopped = false;

  const keyOf = (place: string) => `${userId}.${place}`;
  const placeOf = (key: string) => key.slice(userId.length + 1);
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const keep = (place: string, draft: Draft) => {
    own = true;
    keepDraft(keyOf(place), draft);
    own = false;
  };
  const forget = (place: string) => {
    own = true;
    discardDraft(keyOf(place));
    own = false;
  };
  const schedule = (place: string, ms: number) => {
    clearTimeout(timers.get(place));
    timers.set(place, setTimeout(() => void push(place), ms));
  };

  const merge = (remote: ServerDraft) => {
    const place = remote.conversationId ?? "new";
    const local = loadDraft(keyOf(place));
    const theirs = draftFrom(remote);
    there.set(place, { version: theirs.version, pushed: theirs.pushed });
    const discarded = loadDiscarded(keyOf(place));
    if (discarded && isEmptyDraft(local) && (theirs.version <= discarded.version || theirs.pushed === discarded.pushed)) {
      schedule(place, 0);
      return;
    }
    keepDiscarded(keyOf(place), null);
    const verdict = judge(local, theirs);
    if (conflicts.delete(place)) tell();
    if (verdict === "take") {
      if (local.version !== theirs.version || isEmptyDraft(local)) keep(place, theirs);
    } else if (verdict === "stamp") {
      keep(place, { ...local, version: theirs.version, dirty: false, pushed: theirs.pushed });
    } else if (verdict === "push") {
      keep(place, { ...local, version: theirs.version });
      schedule(place, PUSH_MS);
    } else {
      conflicts.set(place, remote);
      tell();
    }
  };

  const gone = (place: string) => {
    there.delete(place);
    keepDiscarded(keyOf(place), null);
    if (conflicts.delete(place)) tell();
    const local = loadDraft(keyOf(place));
    if (isEmptyDraft(local)) return;
    if (!local.dirty && local.version > 0) {
      forget(place);
      return;
    }
    // Sent or discarded elsewhere while more was written here: that is not lost.
    keep(place, { ...local, version: 0, dirty: true });
    schedule(place, PUSH_MS);
  };

  const ask = async (place: string) => {
    try {
      merge(await api.get(place));
    } catch (error) {
      if (asProblem(error).status === 404) gone(place);
    }
  };

  const push = async (place: string) => {
    timers.delete(place);
    if (stopped || conflicts.has(place)) return;
    if (inFlight.has(place)) {
      schedule(place, PUSH_MS);
      return;
    }
    const key = keyOf(place);
    const local = loadDraft(key);
    if (isEmptyDraft(local) ? !there.has(place) : !local.dirty) return;
    inFlight.add(place);
    try {
      if (isEmptyDraft(local)) {
        await api.remove(place);
        there.delete(place);
        keepDiscarded(key, null);
      } else {
        const pushed = fingerprint(said(local));
        keep(place, { ...local, pushed });
        there.set(place, { version: there.get(place)?.version ?? 0, pushed });
        const kept = await api.put(place, local.version, contentOf(local));
        there.set(place, { version: kept.version, pushed });
        const now = loadDraft(key);
        if (!isEmptyDraft(now)) keep(place, { ...now, version: kept.version, dirty: fingerprint(said(now)) !== pushed });
      }
      failures.delete(place);
    } catch (error) {
      failed(place, asProblem(error).status);
    } finally {
      inFlight.delete(place);
    }
    const after = loadDraft(key);
    if (!failures.has(place) && (isEmptyDraft(after) ? there.has(place) : after.dirty)) schedule(place, PUSH_MS);
  };

  const failed = (place: string, status: number) => {
    if (status === 409) {
      void ask(place);
      return;
    }
    // A conversation that is gone, or a draft that is too large, stays here alone.
    if (status >= 400 && status < 500 && status !== 429) return;
    const times = failures.get(place) ?? 0;
    failures.set(place, times + 1);
    schedule(place, Math.min(RETRY_MS_FIRST * 2 ** times, RETRY_MS_MAX));
  };

  const resync = async () => {
    let remote: ServerDraft[];
    try {
      remote = (await api.list()).items;
    } catch {
      return;
    }
    const places = new Set(remote.map((draft) => draft.conversationId ?? "new"));
    for (const draft of remote) if (!inFlight.has(draft.conversationId ?? "new")) merge(draft);
    for (const key of draftKeys(userId)) {
      const place = placeOf(key);
      if (!places.has(place) && !inFlight.has(place)) gone(place);
    }
  };

  const stopListening = onDraftChange((key) => {
    if (own || !key.startsWith(`${userId}.`)) return;
    const place = placeOf(key);
    const known = there.get(place);
    if (!isEmptyDraft(loadDraft(key))) {
      schedule(place, PUSH_MS);
    } else if (known) {
      // It was sent or discarded: also if the page goes before the server has heard of it.
      keepDiscarded(key, known);
      schedule(place, 0);
    }
  });
  const onOnline = () => {
    failures.clear();
    void resync();
  };
  // The page may be closed at once: what waits goes now.
  const onHide = () => {
    if (document.visibilityState !== "hidden") return;
    for (const [place, timer] of [...timers]) {
      clearTimeout(timer);
      void push(place);
    }
  };
  window.addEventListener("online", onOnline);
  document.addEventListener("visibilitychange", onHide);
  void resync();

  return {
    signal: (place, version) => {
      if (inFlight.has(place)) return;
      if (version === 0) gone(place);
      else if (loadDraft(keyOf(place)).version !== version) void ask(place);
    },
    resync,
    conflictAt: (place) => conflicts.get(place),
    keepMine: (place) => {
      const remote = conflicts.get(place);
      if (!remote) return;
      conflicts.delete(place);
      keep(place, { ...loadDraft(keyOf(place)), version: remote.version, dirty: true });
      schedule(place, 0);
      tell();
    },
    takeOther: (place) => {
      const remote = conflicts.get(place);
      if (!remote) return;
      conflicts.delete(place);
      keep(place, draftFrom(remote));
      tell();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      stopped = true;
      stopListening();
      for (const timer of timers.values()) clearTimeout(timer);
      window.removeEventListener("online", onOnline);
      document.removeEventListener("visibilitychange", onHide);
    },
  };
}
