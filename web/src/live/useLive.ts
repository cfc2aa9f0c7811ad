/** The live connection of the signed-in dashboard: one a tab, mounted by the shell. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { ConversationPresence, PostroomEvent, Session } from "../api/types";
import { resyncDrafts, signalDraft } from "../composer/useDraftSync";
import { presence } from "../presence/presence";
import { endIfSignedOut } from "../session/useSession";
import { createApplier, refreshAll, retryFailed } from "./apply";
import { openStream, type StreamState } from "./stream";

const listeners = new Set<(event: PostroomEvent) => void>();

/** Told of every event as it comes (the pages that wait for a first mail). */
export function useLiveEvents(listener: (event: PostroomEvent) => void): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => {
    const relay = (event: PostroomEvent) => latest.current(event);
    listeners.add(relay);
    return () => {
      listeners.delete(relay);
    };
  }, []);
}

export function useLive({ user, lastEventId }: Session): StreamState {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => {
    const applier = createApplier(client, user.id);
    const close = openStream("/api/v1/events/stream", lastEventId ?? null, {
      onEvent: (event) => {
        applier.apply(event);
        for (const listener of listeners) listener(event);
      },
      onState: (next) => {
        setState(next);
        if (next === "open") {
          retryFailed(client);
          // That a draft is gone is told once.
          resyncDrafts();
        }
        // Whoever is there is told anew by the stream that follows.
        else presence.forget();
      },
      onSignal: (name, data) => {
        if (name === "presence") presence.told(data as ConversationPresence);
        else if (name === "views") applier.views();
        else {
          const { place, version } = data as { place: string; version: number };
          signalDraft(place, version);
        }
      },
      onGap: () => {
        refreshAll(client);
        resyncDrafts();
      },
      onRefused: () => void endIfSignedOut(client),
    });
    return () => {
      applier.stop();
      close();
    };
  }, [client, user.id, lastEventId]);
  return state;
}

export function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    window.addEventListener("online", update);
    window.addEventListener("offline", update);
    return () => {
      window.removeEventListener("online", update);
      window.removeEventListener("offline", update);
    };
  }, []);
  return online;
}
