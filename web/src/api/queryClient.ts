/** The cache of what the server said. Owns when to ask again; live events (src/live) keep it fresh in between. */

import { QueryClient } from "@tanstack/react-query";
import { Problem } from "./problem";

const RETRIES_MAX = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      // An answer is an answer; only silence and the server's own failures are worth asking again.
      retry: (failures, error) =>
        failures < RETRIES_MAX && (!(error instanceof Problem) || error.status === 0 || error.status >= 500),
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 4_000),
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});
