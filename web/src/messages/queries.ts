/** What the log of messages asks the server for, and what it changes there. */

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { messages, suppressions } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Message } from "../api/types";
import { useChannels } from "../conversations/queries";
import { useUseCases } from "../domains/queries";
import { m } from "../i18n";
import { toast, toastProblem } from "../ui/toast";
import { queryFromFilter, type MessageFilter } from "./filter";

const TAKE = 50;

export function useMessageLog(filter: MessageFilter) {
  return useInfiniteQuery({
    queryKey: keys.messageLog(filter),
    queryFn: ({ pageParam, signal }) =>
      messages.list({ ...queryFromFilter(filter, new Date()), cursor: pageParam, take: TAKE }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
}

/** The message itself: the list's may be without what came since. */
export function useMessage(id: string, known: Message | undefined) {
  return useQuery({
    queryKey: keys.message(id),
    queryFn: ({ signal }) => messages.get(id, signal),
    placeholderData: known,
  });
}

/** Why an address is not written to, and since when. */
export function useSuppressionsOf(address: string) {
  return useQuery({
    queryKey: keys.optOut(address),
    queryFn: async ({ signal }) => (await suppressions.list({ address, take: 100 }, signal)).items,
  });
}

/** Whom a message was sent by: the name of its use case or channel, and the page of it. */
export function useSenders(): (message: Message) => { name: string; href: string } | null {
  const channels = useChannels().data;
  const cases = useUseCases().data;
  return ({ channelId, useCaseId }) => {
    if (useCaseId) {
      const known = cases?.find((each) => each.id === useCaseId);
      return known ? { name: known.name, href: `/domains/${known.domainId}` } : null;
    }
    const known = channels?.find((each) => each.id === channelId);
    return known ? { name: known.name, href: `/channels/${known.id}` } : null;
  };
}

export function useMessageActions(message: Message) {
  const client = useQueryClient();
  const refresh = (changed: Message | undefined) => {
    if (changed) client.setQueryData(keys.message(message.id), changed);
    void client.invalidateQueries({ queryKey: keys.message(message.id) });
    void client.invalidateQueries({ queryKey: keys.deliveries(message.id) });
    void client.invalidateQueries({ queryKey: keys.messages(message.conversationId) });
    void client.invalidateQueries({ queryKey: keys.messageLogs });
  };
  const retry = useMutation({
    mutationFn: () => messages.retry(message.id),
    onSuccess: () => toast(m.delivery.retried),
    onError: (error) => toastProblem(m.delivery.retryFailed, error),
    onSettled: refresh,
  });
  const cancel = useMutation({
    mutationFn: () => messages.cancel(message.id),
    onSuccess: () => toast(m.delivery.cancelled),
    onError: (error) => toastProblem(m.delivery.cancelFailed, error),
    onSettled: refresh,
  });
  return { retry, cancel };
}
