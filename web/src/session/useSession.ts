/** Who is signed in. Owns the session's query; sign-in itself is SignIn.tsx's. */

import { useQuery, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { session as sessionApi } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Session } from "../api/types";
import { speakWorkspaceLanguage } from "../settings/language";

export function useSessionQuery() {
  return useQuery({
    queryKey: keys.session,
    queryFn: async ({ signal }): Promise<Session | null> => {
      try {
        const found = await sessionApi.get(signal);
        speakWorkspaceLanguage(found.workspace.language ?? null);
        return found;
      } catch (error) {
        if (asProblem(error).status === 401) return null;
        throw error;
      }
    },
    staleTime: Infinity,
  });
}

/** Asks whether the session still stands; only a clear no ends it. */
export async function endIfSignedOut(client: QueryClient): Promise<void> {
  await sessionApi.get().catch((error: unknown) => {
    if (asProblem(error).status === 401) client.setQueryData(keys.session, null);
  });
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession outside of the signed-in dashboard");
  return session;
}

/** Ends the session and leaves nothing of it in memory. */
export async function signOut(): Promise<void> {
  await sessionApi.end().catch((error: unknown) => {
    if (asProblem(error).status !== 401) throw error;
  });
  window.location.replace("/sign-in");
}
