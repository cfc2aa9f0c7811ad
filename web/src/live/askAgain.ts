/**
 * Asks the server again after an event. Owns one promise: what is on screen in the end was asked for after the last event.
 * A request that was under way when the event came may carry an older answer, so it is followed by another; it is never
 * cancelled, or a busy inbox would cancel for ever.
 */

import type { QueryClient, QueryKey } from "@tanstack/react-query";

export function createAskAgain(client: QueryClient): (queryKey: QueryKey) => Promise<void> {
  const running = new Set<string>();
  const again = new Set<string>();
  return async (queryKey) => {
    const name = JSON.stringify(queryKey);
    if (running.has(name)) {
      again.add(name);
      return;
    }
    running.add(name);
    try {
      do {
        again.delete(name);
        // Joins what is under way, if anything is.
        if (client.isFetching({ queryKey }) > 0) await client.refetchQueries({ queryKey, type: "active" }, { cancelRefetch: false });
        await client.invalidateQueries({ queryKey }, { cancelRefetch: false });
      } while (again.has(name));
    } finally {
      running.delete(name);
    }
  };
}
