/** After conversations were merged, split or moved: everything that shows them is asked for again. */

import { useQueryClient } from "@tanstack/react-query";
import { keys } from "../api/keys";

export function useRegrouped(): (conversationIds: string[]) => void {
  const client = useQueryClient();
  return (conversationIds) => {
    for (const id of conversationIds) {
      void client.invalidateQueries({ queryKey: keys.conversation(id) });
      void client.invalidateQueries({ queryKey: keys.messages(id) });
    }
    for (const key of [keys.conversationLists, keys.counts, ["contact-conversations"]]) {
      void client.invalidateQueries({ queryKey: key });
    }
  };
}
