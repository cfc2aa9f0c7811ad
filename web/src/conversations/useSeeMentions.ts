/** Looking at a conversation is looking at the notes of it that mention one. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { conversations } from "../api/endpoints";
import { keys } from "../api/keys";
import { useCounts } from "../shell/Nav";
import { useVisible } from "../ui/useVisible";

export function useSeeMentions(id: string | undefined): void {
  const client = useQueryClient();
  const visible = useVisible();
  const unseen = useCounts().data?.mentions ?? 0;
  useEffect(() => {
    if (!id || !visible || unseen === 0) return;
    // One that is not among them changes nothing.
    conversations
      .seeMentions(id)
      .then(() => client.invalidateQueries({ queryKey: keys.counts }))
      // The count is asked for again with the next event anyway.
      .catch(() => undefined);
  }, [client, id, visible, unseen]);
}
