/** One draft as a component's state: every change is kept at once, changes from elsewhere are taken over. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useSession } from "../session/useSession";
import { draftStorageKey, hasDraft, loadDraft, onDraftChange, saveDraft, type Draft } from "./drafts";

/** Drafts are somebody's: who signs in next in this browser has their own. */
export function useDraftKey(name: string): string {
  return `${useSession().user.id}.${name}`;
}

export function useDraft(key: string) {
  const [draft, setDraft] = useState(() => loadDraft(key));
  /** Counts replacements, which the editor must show. */
  const [revision, setRevision] = useState(0);
  const latest = useRef(draft);
  const saving = useRef(false);

  const save = useCallback(
    (next: Draft) => {
      latest.current = next;
      saving.current = true;
      saveDraft(key, next, Date.now());
      saving.current = false;
      setDraft(next);
    },
    [key],
  );
  const update = useCallback((change: Partial<Draft>) => save({ ...latest.current, ...change }), [save]);
  const replace = useCallback(
    (change: (draft: Draft) => Draft) => {
      save(change(latest.current));
      setRevision((value) => value + 1);
    },
    [save],
  );

  useEffect(() => {
    const takeOver = () => {
      const before = latest.current;
      latest.current = loadDraft(key);
      setDraft(latest.current);
      // A file that has come, or a word from the server, must not take the cursor away.
      if (latest.current.html !== before.html) setRevision((value) => value + 1);
    };
    // Of another tab, and of this page: a message may be on its way from a composer that was left.
    const onStorage = (event: StorageEvent) => {
      if (event.key === draftStorageKey(key) && !document.hasFocus()) takeOver();
    };
    const stop = onDraftChange((changed) => changed === key && !saving.current && takeOver());
    window.addEventListener("storage", onStorage);
    return () => {
      window.removeEventListener("storage", onStorage);
      stop();
    };
  }, [key]);

  return { draft, update, replace, revision };
}

export function useHasDraft(name: string): boolean {
  const key = useDraftKey(name);
  return useSyncExternalStore(onDraftChange, () => hasDraft(key));
}
