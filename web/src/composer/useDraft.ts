/** One draft as a component's state: every change is kept at once, changes of other tabs are taken over. */

import { useCallback, useEffect, useRef, useState } from "react";
import { draftStorageKey, loadDraft, parseDraft, saveDraft, discardDraft, EMPTY_DRAFT, type Draft } from "./drafts";

export function useDraft(key: string) {
  const [draft, setDraft] = useState(() => loadDraft(key));
  /** Counts replacements from outside, which the editor must show. */
  const [revision, setRevision] = useState(0);
  const latest = useRef(draft);

  const update = useCallback(
    (change: Partial<Draft>) => {
      latest.current = { ...latest.current, ...change };
      saveDraft(key, latest.current, Date.now());
      setDraft(latest.current);
    },
    [key],
  );

  const discard = useCallback(() => {
    const mode = latest.current.mode;
    latest.current = { ...EMPTY_DRAFT, mode };
    discardDraft(key);
    setDraft(latest.current);
    setRevision((value) => value + 1);
  }, [key]);

  useEffect(() => {
    const onStorage = (event: StorageEvent) => {
      if (event.key !== draftStorageKey(key) || document.hasFocus()) return;
      latest.current = parseDraft(event.newValue) ?? EMPTY_DRAFT;
      setDraft(latest.current);
      setRevision((value) => value + 1);
    };
    window.addEventListener("storage", onStorage);
    return () => window.removeEventListener("storage", onStorage);
  }, [key]);

  return { draft, update, discard, revision };
}
