/** Waits for the first mail of a channel or a use case: told of live, and looked for where it came unseen. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { messages } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Message } from "../api/types";
import { useLiveEvents } from "../live/useLive";

/** Neither: whatever comes is the first. */
export type Awaited = { channelId: string | null; useCaseId: string | null };

export function useFirstMail({ channelId, useCaseId }: Awaited, onArrived: (conversationId: string) => void): void {
  const latest = useRef(onArrived);
  useEffect(() => {
    latest.current = onArrived;
  });
  useLiveEvents((event) => {
    if (event.type !== "message.received") return;
    const message = event.data as Message;
    if (channelId && message.channelId !== channelId) return;
    if (!channelId && useCaseId && message.useCaseId !== useCaseId) return;
    latest.current(message.conversationId);
  });
  const missed = useQuery({
    queryKey: keys.firstMail(channelId, useCaseId),
    queryFn: async ({ signal }) => {
      const query = { direction: "inbound", channelId, useCaseId: channelId ? null : useCaseId, take: 1 };
      return (await messages.list(query, signal)).items[0] ?? null;
    },
    // What was found on another visit may be gone.
    gcTime: 0,
  });
  const id = missed.data?.conversationId;
  useEffect(() => {
    if (id) latest.current(id);
  }, [id]);
}
