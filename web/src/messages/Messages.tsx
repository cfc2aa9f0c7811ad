/** The log of what was sent: the list, and beside it (on a phone: instead of it) one message with its story. */

import { useMemo } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { asProblem } from "../api/problem";
import type { Message } from "../api/types";
import { statusTone } from "../conversations/DeliveryState";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { usePageTitle } from "../shell/usePageTitle";
import { Badge, EmptyState } from "../ui/bits";
import { Button, classNames } from "../ui/Button";
import { ListSkeleton, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useNow } from "../ui/useNow";
import { filterFromSearch, searchFromFilter, type MessageFilter } from "./filter";
import { Filters } from "./Filters";
import { MessageDetail } from "./MessageDetail";
import { useMessageLog, useSenders } from "./queries";
import { subjectOf } from "./story";
import styles from "./messages.module.css";

export default function Messages({ id }: { id: string | undefined }) {
  usePageTitle(m.messages.title);
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = useMemo(() => filterFromSearch(search), [search]);
  const list = useMessageLog(filter);
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const tags = useMemo(() => [...new Set(items.flatMap((item) => item.tags))].toSorted((a, b) => a.localeCompare(b)), [items]);
  const address = (messageId?: string, by: MessageFilter = filter) => `/messages${messageId ? `/${messageId}` : ""}${searchFromFilter(by)}`;

  const step = (by: 1 | -1): void => {
    const at = items.findIndex((item) => item.id === id);
    const next = items[Math.max(0, at + by)];
    if (next) navigate(address(next.id));
    if (by === 1 && at >= items.length - 5 && list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
  };
  useCommands({
    next: () => step(1),
    previous: () => step(-1),
    back: () => (id ? navigate(address()) : false),
  });

  return (
    <div className={classNames(styles.layout, id && styles.open)}>
      <section className={styles.list} aria-label={m.messages.list}>
        <header className={styles.head}>
          <h1>{m.messages.title}</h1>
          <p>{m.messages.lead}</p>
          <Filters filter={filter} tags={tags} onChange={(next) => navigate(address(id, next), { replace: true })} />
        </header>
        <Rows list={list} items={items} selectedId={id} filtered={searchFromFilter(filter) !== ""} address={address} onClear={() => navigate(address(id, {}))} />
      </section>
      {id && (
        <section className={styles.pane} aria-label={m.messages.detail}>
          <MessageDetail key={id} id={id} known={items.find((item) => item.id === id)} backHref={address()} />
        </section>
      )}
    </div>
  );
}

type RowsProps = {
  list: ReturnType<typeof useMessageLog>;
  items: Message[];
  selectedId: string | undefined;
  filtered: boolean;
  address: (messageId: string) => string;
  onClear: () => void;
};

function Rows({ list, items, selectedId, filtered, address, onClear }: RowsProps) {
  const senderOf = useSenders();
  if (list.isPending) {
    return (
      <div className={styles.pad}>
        <ListSkeleton rows={6} />
      </div>
    );
  }
  if (list.isError && items.length === 0) {
    return (
      <div className={styles.pad}>
        <ProblemNotice title={m.messages.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />
      </div>
    );
  }
  if (items.length === 0) {
    return filtered ? (
      <EmptyState icon="search" title={m.messages.noneFound} text={m.messages.noneFoundText}>
        <Button onClick={onClear}>{m.messages.clear}</Button>
      </EmptyState>
    ) : (
      <EmptyState icon="send" title={m.messages.empty} text={m.messages.emptyText} />
    );
  }
  return (
    <>
      <ul className={styles.rows}>
        {items.map((message) => (
          <li key={message.id}>
            <Row message={message} sender={senderOf(message)?.name} href={address(message.id)} selected={message.id === selectedId} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  );
}

type RowProps = { message: Message; sender: string | undefined; href: string; selected: boolean };

function Row({ message, sender, href, selected }: RowProps) {
  const now = useNow();
  const [first, ...others] = message.recipients;
  return (
    <Link href={href} className={styles.row ?? ""} data-row aria-current={selected ? "true" : undefined}>
      <span className={styles.to}>{m.messages.to(first?.address ?? "", others.length)}</span>
      <span className={styles.subject} dir="auto">
        {subjectOf(message)}
      </span>
      <span className={styles.sender}>{sender}</span>
      <span className={styles.status}>
        <Badge tone={statusTone(message.status)}>{m.delivery.status[message.status]}</Badge>
      </span>
      <time dateTime={message.timestamp} title={longTime(message.timestamp)}>
        {shortTime(message.timestamp, now)}
      </time>
    </Link>
  );
}
