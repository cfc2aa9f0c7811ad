/** What an event changes in the cache. Owns that mapping; the connection is stream.ts's. */

import type { QueryClient } from "@tanstack/react-query";
import { conversations } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Conversation, Domain, Message, PostroomEvent } from "../api/types";
import type { ConversationFilter } from "../conversations/filter";
import { firstPage, placeConversation, type ListData } from "../conversations/listCache";
import { displayName, parseMailbox } from "../format/address";
import { m } from "../i18n";
import { announce } from "../ui/announce";
import { createAskAgain } from "./askAgain";
import { createLogUpdater } from "./messageLog";

/** Events come in bursts: what they touch is gathered this long, then asked for once. */
const GATHER_MS = 60;
/** What an event sets going comes a little later and says nothing by itself: a webhook's delivery, a count of it. */
const FOLLOWS_MS = 1_500;
/** With more changed conversations than this at once, the first page is cheaper than each of them. */
const SINGLE_FETCHES_MAX = 8;

/** After these an address may be suppressed, or no longer. */
const SUPPRESSING = new Set<string>([
  "message.bounced",
  "message.complained",
  "message.suppressed",
  "email.unsubscribed",
  "email.resubscribed",
]);

export function storeConversation(client: QueryClient, changed: Conversation, myId: string): void {
  // The answer to a change does not say whom the conversation is with; that was known before.
  const known = client.getQueryData<Conversation>(keys.conversation(changed.id)) ?? conversationInLists(client, changed.id);
  const conversation = { ...changed, contact: changed.contact ?? known?.contact };
  client.setQueryData(keys.conversation(conversation.id), conversation);
  for (const [key] of client.getQueriesData<ListData>({ queryKey: keys.conversationLists })) {
    const filter = key[1] as ConversationFilter;
    client.setQueryData<ListData>(key, (data) => data && placeConversation(data, conversation, filter, myId));
  }
}

export function conversationInLists(client: QueryClient, id: string): Conversation | undefined {
  for (const [, data] of client.getQueriesData<ListData>({ queryKey: keys.conversationLists })) {
    for (const page of data?.pages ?? []) {
      const found = page.items.find((item) => item.id === id);
      if (found) return found;
    }
  }
  return undefined;
}

/** Everything may have changed: ask again for what is on screen. */
export function refreshAll(client: QueryClient): void {
  for (const [key] of client.getQueriesData<ListData>({ queryKey: keys.conversationLists })) {
    client.setQueryData<ListData>(key, (data) => data && firstPage(data));
  }
  // Who is signed in is no part of it: a moment's silence there must not take the page away.
  void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
}

/** What could not be had while the server was away, on the pages that still show so. */
export function retryFailed(client: QueryClient): void {
  void client.refetchQueries({ type: "active", predicate: (query) => query.state.status === "error" });
}

export function createApplier(client: QueryClient, myId: string) {
  const askAgain = createAskAgain(client);
  const log = createLogUpdater(client);
  const conversationIds = new Set<string>();
  const messageLists = new Set<string>();
  let counts = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let following: ReturnType<typeof setTimeout> | undefined;

  const askForWhatFollows = () => {
    clearTimeout(following);
    void askAgain(keys.allWebhookDeliveries);
    following = setTimeout(() => {
      void askAgain(keys.allWebhookDeliveries);
      void askAgain(keys.analytics);
    }, FOLLOWS_MS);
  };

  const flush = async () => {
    timer = undefined;
    const ids = [...conversationIds];
    const lists = [...messageLists];
    conversationIds.clear();
    messageLists.clear();
    if (counts) void askAgain(keys.counts);
    counts = false;
    for (const id of lists) void askAgain(keys.messages(id));
    if (ids.length > SINGLE_FETCHES_MAX) {
      void askAgain(keys.conversationLists);
      for (const id of ids) void askAgain(keys.conversation(id));
      return;
    }
    await Promise.all(
      ids.map(async (id) => {
        try {
          storeConversation(client, await conversations.get(id), myId);
        } catch {
          // Gone, or the connection is: the list's next refetch tells.
          void askAgain(keys.conversationLists);
        }
      }),
    );
  };

  const gather = () => {
    timer ??= setTimeout(() => void flush(), GATHER_MS);
  };

  const onMessage = (type: string, message: Message) => {
    conversationIds.add(message.conversationId);
    messageLists.add(message.conversationId);
    counts = true;
    void askAgain(keys.deliveries(message.id));
    if (message.direction === "outbound") {
      void askAgain(keys.outbox);
      void askAgain(keys.message(message.id));
      log.changed(message);
    }
    if (SUPPRESSING.has(type)) void askAgain(keys.suppressions);
    if (message.contactId) void askAgain(keys.contactConversations(message.contactId));
    if (type === "message.received" && message.content.type === "email") {
      const subject = message.content.email.subject || m.list.noSubject;
      announce(m.list.newMail(displayName(parseMailbox(message.metadata.headers["from"] ?? message.from)), subject));
    }
    gather();
  };

  const onDomain = (type: string, domain: Partial<Domain>) => {
    void askAgain(keys.domains);
    if (!domain.name) return;
    if (type === "domain.verified") announce(m.domains.nowVerified(domain.name));
    if (type === "domain.failed") announce(m.domains.nowFailed(domain.name));
  };

  return {
    apply(event: PostroomEvent): void {
      const [family] = event.type.split(".");
      askForWhatFollows();
      if (family === "message") onMessage(event.type, event.data as Message);
      if (event.type === "conversation.merged") {
        const { id, mergedInto } = event.data as { id: string; mergedInto: string };
        void askAgain(keys.conversationLists);
        // Whoever has it open is led on.
        void askAgain(keys.conversation(id));
        void askAgain(keys.messages(mergedInto));
        counts = true;
        gather();
      } else if (family === "conversation") {
        const id = (event.data as { id?: unknown }).id;
        if (typeof id === "string") conversationIds.add(id);
        counts = true;
        gather();
        // What was accepted for sending is told of by its conversation.
        log.lookSoon();
      }
      if (family === "domain") onDomain(event.type, event.data as Partial<Domain>);
      if (family === "email") {
        const { messageId } = event.data as { messageId?: unknown };
        if (typeof messageId === "string") void askAgain(keys.message(messageId));
        if (SUPPRESSING.has(event.type)) void askAgain(keys.suppressions);
      }
      if (family === "broadcast") void askAgain(keys.broadcasts);
      if (family === "channel") void askAgain(keys.channels);
      if (family === "webhook") void askAgain(keys.webhooks);
    },
    stop(): void {
      clearTimeout(timer);
      clearTimeout(following);
      log.stop();
    },
  };
}
