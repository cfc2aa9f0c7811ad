/** The draft sync of the signed-in person: one a tab, started by the shell; and the conflict that a composer shows. */

import { useEffect, useSyncExternalStore } from "react";
import { startDraftSync, type DraftSync } from "./draftSync";

let current: DraftSync | null = null;

export function useDraftSync(userId: string): void {
  useEffect(() => {
    const sync = startDraftSync(userId);
    current = sync;
    return () => {
      sync.stop();
      if (current === sync) current = null;
    };
  }, [userId]);
}

/** The stream told of a draft. */
export function signalDraft(place: string, version: number): void {
  current?.signal(place, version);
}

export function resyncDrafts(): void {
  void current?.resync();
}

const never = () => () => undefined;

export function useDraftConflict(place: string) {
  const sync = current;
  const conflict = useSyncExternalStore(sync?.subscribe ?? never, () => sync?.conflictAt(place));
  if (!sync || !conflict) return null;
  return { at: conflict.updatedAt, keepMine: () => sync.keepMine(place), takeOther: () => sync.takeOther(place) };
}
