/** What the pages of broadcasts and lists ask the server for. */

import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { broadcasts, lists, templates } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Broadcast, BroadcastWithContent } from "../api/types";
import { useUseCases } from "../domains/queries";
import { m } from "../i18n";
import { isMoving } from "./progress";

/** Figures follow what happens by about a second, and no event tells of each. */
const POLL_MS = 1_500;

export function useBroadcasts() {
  return useInfiniteQuery({
    queryKey: keys.broadcasts,
    queryFn: ({ pageParam, signal }) => broadcasts.list({ cursor: pageParam, take: 30 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.items.some(isMoving)) ? POLL_MS : false),
  });
}

export function useBroadcast(id: string) {
  return useQuery({
    queryKey: keys.broadcast(id),
    queryFn: ({ signal }) => broadcasts.get(id, signal),
    refetchInterval: ({ state }) => (state.data && isMoving(state.data) ? POLL_MS : false),
  });
}

/** Shows what a change answered, beside what it says nothing of. */
export function useKeepBroadcast(): (changed: Broadcast) => void {
  const client = useQueryClient();
  return (changed) =>
    void client.setQueryData<BroadcastWithContent>(keys.broadcast(changed.id), (known) => known && { ...known, ...changed });
}

export function useLists() {
  return useQuery({ queryKey: keys.lists, queryFn: async ({ signal }) => (await lists.list(signal)).items });
}

export function useTemplates() {
  return useQuery({ queryKey: keys.templates, queryFn: async ({ signal }) => (await templates.list(signal)).items });
}

/** The names of what a broadcast names by its id. */
export function useNames(): (broadcast: Broadcast) => { list: string; useCase: string } {
  const all = useLists().data;
  const cases = useUseCases().data;
  return ({ listId, useCaseId }) => ({
    list: all ? (all.find((each) => each.id === listId)?.name ?? m.broadcasts.goneList) : "…",
    useCase: cases ? (cases.find((each) => each.id === useCaseId)?.name ?? m.broadcasts.goneUseCase) : "…",
  });
}
