/** The event stream (SSE). Owns the connection and its repair; knows nothing of what the events mean. */

import type { PostroomEvent } from "../api/types";

/** EventSource hands over named events only to those who ask for the name. */
export const EVENT_TYPES = [
  "message.received",
  "message.sent",
  "message.delivered",
  "message.deferred",
  "message.bounced",
  "message.complained",
  "message.failed",
  "message.suppressed",
  "conversation.created",
  "conversation.updated",
  "conversation.assigned",
  "conversation.resolved",
  "conversation.merged",
  "conversation.mentioned",
  "conversation.rated",
  "conversation.erased",
  "contact.created",
  "contact.updated",
  "contact.merged",
  "contact.erased",
  "contact.note_created",
  "contact.note_updated",
  "contact.note_deleted",
  "team.created",
  "team.updated",
  "team.deleted",
  "user.created",
  "user.updated",
  "user.deleted",
  "channel.connected",
  "channel.disconnected",
  "thread.rejected",
  "webhook.disabled",
  "webhook.test",
  "domain.verified",
  "domain.failed",
  "broadcast.started",
  "broadcast.paused",
  "broadcast.resumed",
  "broadcast.completed",
  "broadcast.cancelled",
  "email.opened",
  "email.clicked",
  "email.unsubscribed",
  "email.resubscribed",
] as const;

export type StreamState = "connecting" | "open" | "interrupted";

/** Frames that are no events: what is so now, told again when it changes. */
export const SIGNALS = ["presence", "draft", "views"] as const;
export type SignalName = (typeof SIGNALS)[number];

export type StreamListener = {
  onEvent: (event: PostroomEvent) => void;
  onSignal?: (name: SignalName, data: unknown) => void;
  onState: (state: StreamState) => void;
  /** Events may have been missed: whatever is cached may be old. */
  onGap: () => void;
  /** The server answered, but with no stream: whoever listens may not be signed in any more. */
  onRefused: () => void;
};

const RETRY_MS_FIRST = 1_000;
const RETRY_MS_MAX = 30_000;
/** A page that was out of sight for longer may have slept through the end of its connection without being told. */
const ASLEEP_MS_MIN = 60_000;

/** Waits a little longer each time. */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MS_FIRST * 2 ** attempt, RETRY_MS_MAX);
}

/** `after` is the newest event before anything on screen was asked for; without it, all of it is asked for again. */
export function openStream(url: string, after: string | null, listener: StreamListener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempts = 0;
  let hadGap = after === null;
  let ended = false;

  const onMessage = (message: MessageEvent<string>) => {
    try {
      listener.onEvent(JSON.parse(message.data) as PostroomEvent);
    } catch {
      // One unreadable event is no reason to stop listening; the next refetch brings what it would have said.
      listener.onGap();
    }
  };

  const connect = () => {
    if (ended) return;
    source?.close();
    source = new EventSource(hadGap || after === null ? url : `${url}?after=${encodeURIComponent(after)}`);
    for (const type of EVENT_TYPES) source.addEventListener(type, onMessage);
    for (const name of SIGNALS) {
      source.addEventListener(name, (message: MessageEvent<string>) => {
        try {
          listener.onSignal?.(name, JSON.parse(message.data));
        } catch {
          // The next one tells it again.
        }
      });
    }
    source.addEventListener("message", onMessage);
    source.addEventListener("open", () => {
      attempts = 0;
      listener.onState("open");
      if (hadGap) listener.onGap();
      hadGap = false;
    });
    source.addEventListener("error", () => {
      listener.onState("interrupted");
      // While it is not closed the browser reconnects by itself and says where it stopped (Last-Event-ID).
      if (source?.readyState !== EventSource.CLOSED) return;
      hadGap = true;
      listener.onRefused();
      clearTimeout(timer);
      timer = setTimeout(connect, retryDelayMs(attempts));
      attempts += 1;
    });
  };

  // A connection that looks open may be one end alone, and what was asked for meanwhile failed.
  const startAgain = () => {
    hadGap = true;
    clearTimeout(timer);
    connect();
  };
  let hiddenAtMs: number | null = null;
  const onVisibility = () => {
    if (document.visibilityState === "hidden") hiddenAtMs = Date.now();
    else if (hiddenAtMs !== null && Date.now() - hiddenAtMs >= ASLEEP_MS_MIN) startAgain();
  };

  listener.onState("connecting");
  connect();
  window.addEventListener("online", startAgain);
  document.addEventListener("visibilitychange", onVisibility);
  return () => {
    ended = true;
    clearTimeout(timer);
    window.removeEventListener("online", startAgain);
    document.removeEventListener("visibilitychange", onVisibility);
    source?.close();
  };
}
