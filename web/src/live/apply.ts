/** What an event changes in the cache. Owns that mapping; the connection is stream.ts's. */

import type { QueryClient } from "@tanstack/react-query";
import { navigate } from "wouter/use-browser-location";
import { conversations, users } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Conversation, Domain, Message, PostroomEvent, User } from "../api/types";
import { queryFromFilter, type ConversationFilter } from "../conversations/filter";
import { firstPage, placeConversations, type ListData } from "../conversations/listCache";
import { displayName, parseMailbox } from "../format/address";
import { m } from "../i18n";
import { storeUser } from "../people/changes";
import { announce } from "../ui/announce";
import { toast } from "../ui/toast";
import { aroundNav } from "../shell/leaving";
import { createAskAgain } from "./askAgain";
import { createLogUpdater } from "./messageLog";

/** Events come in bursts: what they touch is gathered this long, then asked for once. */
const GATHER_MS = 60;
/** What an event sets going comes a little later and says nothing by itself: a webhook's delivery, a count of it. */
const FOLLOWS_MS = 1_500;
/** With more changed conversations than this at once, the top of the list is cheaper than each of them. */
const SINGLE_FETCHES_MAX = 8;
const TOP_UP_TAKE = 100;

/** After these an address may be suppressed, or no longer. */
const SUPPRESSING = new Set<string>([
  "message.bounced",
  "message.complained",
  "message.suppressed",
  "email.unsubscribed",
  "email.resubscribed",
]);

export function storeConversation(client: QueryClient, changed: Conversation, myId: string): void {
  storeConversations(client, [changed], myId);
}

/** Many at once: each list is walked once. */
export function storeConversations(client: QueryClient, changed: readonly Conversation[], myId: string): void {
  if (changed.length === 0) return;
  const listed = conversationsInLists(client, new Set(changed.map((each) => each.id)));
  const conversations = changed.map((each) => {
    // The answer to a change does not say whom the conversation is with; that was known before.
    const known = client.getQueryData<Conversation>(keys.conversation(each.id)) ?? listed.get(each.id);
    return { ...each, contact: each.contact ?? known?.contact };
  });
  for (const each of conversations) {
    // Of many, only those that are open somewhere: what was never asked for need not be kept.
    const key = keys.conversation(each.id);
    if (changed.length === 1 || client.getQueryState(key)) client.setQueryData(key, each);
  }
  for (const [key] of client.getQueriesData<ListData>({ queryKey: keys.conversationLists })) {
    const filter = key[1] as ConversationFilter;
    client.setQueryData<ListData>(key, (data) => data && placeConversations(data, conversations, filter, myId));
  }
}

function conversationsInLists(client: QueryClient, ids: ReadonlySet<string>): Map<string, Conversation> {
  const found = new Map<string, Conversation>();
  for (const [, data] of client.getQueriesData<ListData>({ queryKey: keys.conversationLists })) {
    for (const page of data?.pages ?? []) {
      for (const item of page.items) if (ids.has(item.id)) found.set(item.id, item);
    }
    if (found.size === ids.size) break;
  }
  return found;
}

export function conversationInLists(client: QueryClient, id: string): Conversation | undefined {
  return conversationsInLists(client, new Set([id])).get(id);
}

/** A list from its top again, without what is loaded further down: many came at once, and whoever is far down stays there. */
async function topUp(client: QueryClient, myId: string): Promise<void> {
  const lists = client.getQueriesData<ListData>({ queryKey: keys.conversationLists, type: "active" });
  await Promise.all(
    lists.map(async ([key, data]) => {
      const filter = key[1] as ConversationFilter;
      // What was searched for has an order of its own.
      if (!data || filter.q || filter.oldest || data.pages.length < 2) {
        await client.invalidateQueries({ queryKey: key, exact: true });
        return;
      }
      const { items } = await conversations.list({ ...queryFromFilter(filter, myId), take: TOP_UP_TAKE });
      const loaded = new Set(data.pages.flatMap((page) => page.items.map((item) => item.id)));
      if (items.length === TOP_UP_TAKE && !items.some((item) => loaded.has(item.id))) {
        client.setQueryData<ListData>(key, (present) => present && firstPage(present));
        await client.invalidateQueries({ queryKey: key, exact: true });
        return;
      }
      client.setQueryData<ListData>(key, (present) => present && placeConversations(present, items, filter, myId));
    }),
  );
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

type MentionedIn = Conversation & { mention?: { messageId: string; authorId: string | null; userIds: string[] } };

/** Whoever is mentioned by somebody else is told at once. */
function tellOfMention(client: QueryClient, { mention, ...conversation }: MentionedIn, myId: string): void {
  if (!mention?.userIds.includes(myId)) return;
  for (const [key] of client.getQueriesData({ queryKey: keys.conversationLists })) {
    if ((key[1] as ConversationFilter).mentioned) void client.invalidateQueries({ queryKey: key, exact: true });
  }
  if (mention.authorId === myId) return;
  const author = client.getQueryData<User[]>(keys.users)?.find((user) => user.id === mention.authorId);
  const text = m.mentions.notice(author?.name ?? author?.email ?? m.mentions.somebody, conversation.subject || m.list.noSubject);
  const open = () => aroundNav(navigate, `/conversations/${conversation.id}?mentioned=me`);
  toast(text, { action: { label: m.mentions.open, run: open }, shownMs: 15_000 });
  announce(text);
}

export function createApplier(client: QueryClient, myId: string) {
  const askAgain = createAskAgain(client);
  const log = createLogUpdater(client);
  const conversationIds = new Set<string>();
  /** As the newest event says they are. */
  const told = new Map<string, Conversation>();
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
    const news = new Map(told);
    conversationIds.clear();
    told.clear();
    messageLists.clear();
    if (counts) void askAgain(keys.counts);
    counts = false;
    for (const id of lists) void askAgain(keys.messages(id));
    if (ids.length > SINGLE_FETCHES_MAX) {
      // What is listed already is told by the events themselves; only what is new to the list is asked for.
      const listed = conversationsInLists(client, new Set(ids));
      storeConversations(client, [...news.values()].filter((each) => listed.has(each.id)), myId);
      for (const id of ids) void askAgain(keys.conversation(id));
      if (ids.some((id) => !listed.has(id) || !news.has(id))) await topUp(client, myId).catch(() => void askAgain(keys.conversationLists));
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

  /** People are told of by their ids alone. */
  const onUser = async (id: string) => {
    await askAgain(keys.users);
    if (id !== myId) return;
    const me = await users.me().catch(() => undefined);
    if (me) storeUser(client, me);
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
      } else if (event.type === "conversation.erased") {
        void askAgain(keys.conversationLists);
        void askAgain(keys.conversation((event.data as { id: string }).id));
        counts = true;
        gather();
      } else if (event.type === "conversation.rated") {
        void askAgain(keys.conversation((event.data as { conversationId: string }).conversationId));
        void askAgain(keys.ratings);
      } else if (family === "conversation") {
        const id = (event.data as { id?: unknown }).id;
        if (typeof id === "string") {
          conversationIds.add(id);
          told.set(id, event.data as Conversation);
        }
        if (event.type === "conversation.mentioned") tellOfMention(client, event.data as MentionedIn, myId);
        counts = true;
        gather();
        // What was accepted for sending is told of by its conversation.
        log.lookSoon();
      }
      if (event.type.startsWith("contact.note_")) {
        void askAgain(keys.contactNotes((event.data as { contactId: string }).contactId));
      } else if (family === "contact") {
        void askAgain(keys.contacts);
        void askAgain(keys.contact((event.data as { id: string }).id));
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
      if (family === "user") void onUser((event.data as { id: string }).id);
      if (family === "team") {
        void askAgain(keys.teams);
        // A team that is gone was taken from its channels.
        if (event.type === "team.deleted") void askAgain(keys.channels);
      }
    },
    /** The saved views are others. */
    views(): void {
      void askAgain(keys.views);
    },
    stop(): void {
      clearTimeout(timer);
      clearTimeout(following);
      log.stop();
    },
  };
}
