/** What the pages of automations ask the server for. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { automations, webhooks } from "../api/endpoints";
import { keys } from "../api/keys";
import { useChannels, useTeams, useUsers } from "../conversations/queries";
import { useSession } from "../session/useSession";
import type { NameOf } from "./words";

/** No event tells of a run; it follows the mail by a moment. */
const POLL_MS = 5_000;

export function useAutomations() {
  return useQuery({ queryKey: keys.automations, queryFn: async ({ signal }) => (await automations.list(signal)).items });
}

export function useRuns(id: string) {
  return useInfiniteQuery({
    queryKey: keys.automationRuns(id),
    queryFn: ({ pageParam, signal }) => automations.runs(id, { cursor: pageParam, take: 20 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
    refetchInterval: POLL_MS,
  });
}

export function useEndpoints() {
  const mayRead = useSession().user.role === "admin";
  return useQuery({
    queryKey: keys.webhooks,
    queryFn: async ({ signal }) => (await webhooks.list(signal)).items,
    enabled: mayRead,
  });
}

/** People and channels by their ids. */
export function useNameOf(): NameOf {
  const people = useUsers().data;
  const channels = useChannels().data;
  const teams = useTeams().data;
  return (id) => {
    const person = people?.find((each) => each.id === id);
    if (person) return person.name ?? person.email;
    return [...(channels ?? []), ...(teams ?? [])].find((each) => each.id === id)?.name;
  };
}

export function useMayChange(): boolean {
  return useSession().user.role === "admin";
}
