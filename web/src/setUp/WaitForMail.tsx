/** Leads to what comes into a channel while its page is open. Says nothing before. */

import { useState } from "react";
import { useLocation } from "wouter";
import type { Message } from "../api/types";
import { m } from "../i18n";
import { useLiveEvents } from "../live/useLive";
import { Button } from "../ui/Button";

export function WaitForMail({ channelId }: { channelId: string }) {
  const [arrived, setArrived] = useState<Message | null>(null);
  const [, navigate] = useLocation();
  useLiveEvents((event) => {
    if (event.type !== "message.received") return;
    const message = event.data as Message;
    if (message.channelId === channelId) setArrived(message);
  });
  return (
    <div role="status" aria-live="polite">
      {arrived && (
        <Button variant="primary" icon="mail" onClick={() => navigate(`/conversations/${arrived.conversationId}`)}>
          {m.start.arrived} {m.start.open}
        </Button>
      )}
    </div>
  );
}
