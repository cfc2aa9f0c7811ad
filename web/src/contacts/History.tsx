/** All that was written with a contact, over all channels and synced mailboxes, newest first. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { contacts } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Activity, Conversation } from "../api/types";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { LoadMore, type Paged } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useNow } from "../ui/useNow";
import { useChannels } from "../conversations/queries";
import { Part } from "./Part";
import styles from "./contacts.module.css";

type Listing<T> = Paged & {
  isPending: boolean;
  isError: boolean;
  refetch: () => unknown;
  data: { pages: { items: T[] }[] } | undefined;
};

function Listed<T>({ query, title, failed, empty, row }: { query: Listing<T>; title: string; failed: string; empty: string; row: (item: T) => React.ReactNode }) {
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Part title={title}>
      {query.isPending && <Skeleton height={36} />}
      {query.isError && items.length === 0 && (
        <ProblemNotice title={failed} problem={asProblem(query.error)} onRetry={() => void query.refetch()} />
      )}
      {!query.isPending && !query.isError && items.length === 0 && <p className="muted small">{empty}</p>}
      <ul className={styles.history}>{items.map(row)}</ul>
      <LoadMore list={query} label={m.contacts.earlier} />
    </Part>
  );
}

export function History({ contactId, take = 20 }: { contactId: string; take?: number }) {
  const activities = useInfiniteQuery({
    queryKey: keys.contactActivities(contactId),
    queryFn: ({ pageParam, signal }) => contacts.activities(contactId, { cursor: pageParam, take }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
  return (
    <Listed
      query={activities}
      title={m.contacts.history}
      failed={m.contacts.historyFailed}
      empty={m.contacts.noHistory}
      row={(activity) => <Entry key={activity.id} activity={activity} />}
    />
  );
}

function Entry({ activity }: { activity: Activity }) {
  const now = useNow();
  const inbound = activity.direction === "inbound";
  const words = (
    <>
      <Icon name={inbound ? "reply" : "send"} size={15} />
      <span className={styles.entryText}>
        <b dir="auto">{activity.subject || m.list.noSubject}</b>
        <span className="muted">
          {inbound ? m.contacts.inbound : m.contacts.outbound}
          {activity.accountId && ` ${m.contacts.inMailbox(activity.accountId)}`} ·{" "}
          <time dateTime={activity.occurredAt} title={longTime(activity.occurredAt)}>
            {shortTime(activity.occurredAt, now)}
          </time>
        </span>
      </span>
    </>
  );
  return (
    <li>
      {activity.conversationId ? (
        <Link href={`/conversations/${activity.conversationId}`} className={styles.entry}>
          {words}
        </Link>
      ) : (
        <span className={styles.entry}>{words}</span>
      )}
    </li>
  );
}

export function ContactConversations({ contactId }: { contactId: string }) {
  const conversations = useInfiniteQuery({
    queryKey: keys.contactAllConversations(contactId),
    queryFn: ({ pageParam, signal }) => contacts.conversationPage(contactId, { cursor: pageParam, take: 20 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
  return (
    <Listed
      query={conversations}
      title={m.contacts.conversations}
      failed={m.contacts.conversationsFailed}
      empty={m.contacts.noConversations}
      row={(conversation) => <ConversationEntry key={conversation.id} conversation={conversation} />}
    />
  );
}

function ConversationEntry({ conversation }: { conversation: Conversation }) {
  const now = useNow();
  const channel = useChannels().data?.find((each) => each.id === conversation.channelId);
  return (
    <li>
      <Link href={`/conversations/${conversation.id}`} className={styles.entry}>
        <Icon name="inbox" size={15} />
        <span className={styles.entryText}>
          <b dir="auto">{conversation.subject || m.list.noSubject}</b>
          <span className="muted">
            {[m.conversation.status[conversation.status], ...(channel ? [channel.name] : []), m.list.messages(conversation.messageCount)].join(" · ")} ·{" "}
            <time dateTime={conversation.lastActivityAt} title={longTime(conversation.lastActivityAt)}>
              {shortTime(conversation.lastActivityAt, now)}
            </time>
          </span>
        </span>
      </Link>
    </li>
  );
}
