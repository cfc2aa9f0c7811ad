/** What the conversation pages ask the server for, and what they change there. */

import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type InfiniteData, type UseMutationResult } from "@tanstack/react-query";
import { contacts } from "../api/contacts";
import {
  channels,
  conversations,
  labels as labelsApi,
  messages,
  teams,
  useCases,
  users,
  type ConversationPatch,
} from "../api/endpoints";
import { keys } from "../api/keys";
import type { Conversation, Message, Page } from "../api/types";
import { m } from "../i18n";
import { conversationInLists, storeConversation } from "../live/apply";
import { useSession } from "../session/useSession";
import { dismiss, toast, toastProblem } from "../ui/toast";
import { queryFromFilter, type ConversationFilter } from "./filter";

/** The first page is there at once; those behind are fetched ahead of who scrolls. */
const LIST_TAKE_FIRST = 50;
const LIST_TAKE = 100;
const MESSAGES_TAKE = 50;

export function useConversationList(filter: ConversationFilter) {
  const { user } = useSession();
  return useInfiniteQuery({
    queryKey: keys.conversationList(filter),
    queryFn: ({ pageParam, signal }) =>
      conversations.list({ ...queryFromFilter(filter, user.id), cursor: pageParam, take: pageParam ? LIST_TAKE : LIST_TAKE_FIRST }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
    // Comparing a hundred thousand conversations with themselves at every page takes longer than showing them.
    structuralSharing: false,
  });
}

export function useConversation(id: string) {
  const client = useQueryClient();
  return useQuery<Conversation>({
    queryKey: keys.conversation(id),
    queryFn: ({ signal }) => conversations.get(id, signal),
    // The list knows it already: the head is there at once, the rest follows.
    placeholderData: () => conversationInLists(client, id),
  });
}

/** Newest page first from the server; oldest first on screen. */
export function useMessages(conversationId: string) {
  return useInfiniteQuery({
    queryKey: keys.messages(conversationId),
    queryFn: ({ pageParam, signal }) =>
      conversations.messages(conversationId, { order: "desc", take: MESSAGES_TAKE, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
    select: (data: InfiniteData<Page<Message>>) => data.pages.flatMap((page) => page.items).toReversed(),
  });
}

export function useContact(id: string | null | undefined) {
  return useQuery({
    queryKey: keys.contact(id ?? ""),
    queryFn: ({ signal }) => contacts.get(id ?? "", signal),
    enabled: id != null,
    staleTime: 5 * 60_000,
  });
}

export function useContactConversations(id: string | null | undefined) {
  return useQuery({
    queryKey: keys.contactConversations(id ?? ""),
    queryFn: ({ signal }) => contacts.conversations(id ?? "", signal),
    enabled: id != null,
  });
}

export function useChannels() {
  return useQuery({
    queryKey: keys.channels,
    queryFn: async ({ signal }) => (await channels.list(signal)).items,
    staleTime: 60_000,
  });
}

/** Of a conversation without a channel: it belongs to a use case, whose sender's address received it. */
export function useUseCase(id: string | null | undefined) {
  return useQuery({
    queryKey: keys.useCase(id ?? ""),
    queryFn: ({ signal }) => useCases.get(id ?? "", signal),
    enabled: id != null,
    staleTime: 5 * 60_000,
  });
}

export function useUsers() {
  return useQuery({
    queryKey: keys.users,
    queryFn: async ({ signal }) => (await users.list(signal)).items,
    staleTime: 5 * 60_000,
  });
}

const NO_LABELS: string[] = [];

/** The labels in use, by name. */
export function useLabels(): string[] {
  const labels = useQuery({
    queryKey: keys.labels,
    queryFn: async ({ signal }) => (await labelsApi.list(signal)).items.map((label) => label.name),
    staleTime: 60_000,
  });
  return labels.data ?? NO_LABELS;
}

export function useTeams() {
  return useQuery({
    queryKey: keys.teams,
    queryFn: async ({ signal }) => (await teams.list(signal)).items,
    staleTime: 5 * 60_000,
  });
}

export function useDeliveries(messageId: string, enabled: boolean) {
  return useQuery({
    queryKey: keys.deliveries(messageId),
    queryFn: async ({ signal }) => (await messages.deliveries(messageId, signal)).items,
    enabled,
  });
}

export type ConversationChange = {
  conversation: Conversation;
  patch: ConversationPatch;
  /** Said at once, and taken back with the change if the server refuses it. */
  said?: string;
  /** What undoes the change, offered beside what is said. */
  undo?: ConversationPatch;
};

/** Changes a conversation at once on screen and then on the server; what the server refuses is taken back and said. */
export function usePatchConversation() {
  const client = useQueryClient();
  const { user } = useSession();
  const mutation: UseMutationResult<Conversation, Error, ConversationChange, { toastId: number } | null> = useMutation({
    mutationFn: ({ conversation, patch }: ConversationChange) => conversations.patch(conversation.id, patch),
    onMutate: ({ conversation, patch, said, undo }) => {
      const known = client.getQueryData<Conversation>(keys.conversation(conversation.id)) ?? conversation;
      storeConversation(client, { ...known, ...patch }, user.id);
      if (said === undefined) return null;
      const action = undo && { label: m.undo, run: () => mutation.mutate({ conversation, patch: undo }) };
      return { toastId: toast(said, { action }) };
    },
    onSuccess: (changed, { patch }) => {
      storeConversation(client, changed, user.id);
      void client.invalidateQueries({ queryKey: keys.counts });
      if (patch.labels) void client.invalidateQueries({ queryKey: keys.labels });
    },
    onError: (error, { conversation }, saying) => {
      if (saying) dismiss(saying.toastId);
      storeConversation(client, conversation, user.id);
      toastProblem(m.conversation.changeFailed, error);
    },
  });
  return mutation;
}
