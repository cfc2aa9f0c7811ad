/** The list of conversations: only the rows on screen exist, however long it is. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type RefObject } from "react";
import { Link } from "wouter";
import { asProblem } from "../api/problem";
import type { Conversation } from "../api/types";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { useHasDraft } from "../composer/useDraft";
import { useCommands } from "../keyboard/dispatcher";
import { Avatar, Badge, EmptyState, Skeleton } from "../ui/bits";
import { classNames, LinkButton } from "../ui/Button";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useNow } from "../ui/useNow";
import { FilterBar } from "./FilterBar";
import { isFiltered, type ConversationFilter } from "./filter";
import { useTeams, useUsers, type useConversationList } from "./queries";
import styles from "./ConversationList.module.css";

const ROW_PX = 84;
const OVERSCAN_ROWS = 8;

type Props = {
  filter: ConversationFilter;
  list: ReturnType<typeof useConversationList>;
  items: Conversation[];
  selectedId: string | undefined;
  address: (id?: string) => string;
};

export function ConversationList({ filter, list, items, selectedId, address }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_ROWS,
    getItemKey: (index) => items[index]?.id ?? index,
  });
  const rows = virtual.getVirtualItems();
  const lastShown = rows.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastShown >= items.length - OVERSCAN_ROWS) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, lastShown, items.length]);

  // Keep the open conversation in sight while j and k walk through the list.
  const selectedIndex = selectedId ? items.findIndex((item) => item.id === selectedId) : -1;
  useEffect(() => {
    if (selectedIndex >= 0) virtual.scrollToIndex(selectedIndex, { align: "auto" });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when another one is opened, not when mail moves it
  }, [selectedId]);

  const focusRow = useRowFocus(scroller, (index) => virtual.scrollToIndex(index, { align: "auto" }));
  // Back from a conversation, the keys go on from it.
  const before = useRef(selectedId);
  useEffect(() => {
    const left = before.current;
    before.current = selectedId;
    if (selectedId || !left || document.activeElement !== document.body) return;
    const index = items.findIndex((item) => item.id === left);
    if (index >= 0) focusRow(index);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- when a conversation is left, not when the list changes
  }, [selectedId]);

  const moveFocus = (by: 1 | -1): boolean => {
    if (items.length === 0) return false;
    const focused = document.activeElement?.closest("[data-row]")?.getAttribute("data-row");
    focusRow(focused == null ? 0 : Math.max(0, Math.min(items.length - 1, Number(focused) + by)));
    return true;
  };
  useCommands({
    next: () => (selectedId ? false : moveFocus(1)),
    previous: () => (selectedId ? false : moveFocus(-1)),
    open: () => {
      const focused = document.activeElement;
      if (!(focused instanceof HTMLAnchorElement) || !scroller.current?.contains(focused)) return false;
      focused.click();
      return true;
    },
  });

  return (
    <div className={styles.column}>
      <FilterBar filter={filter} />
      <div ref={scroller} className={styles.scroller} tabIndex={-1}>
        {list.isPending && <SkeletonRows />}
        {list.isError && (
          <div className={styles.notice}>
            <ProblemNotice
              title={m.list.failed}
              problem={asProblem(list.error)}
              onRetry={() => void list.refetch()}
            />
          </div>
        )}
        {list.isSuccess && items.length === 0 && <Nothing filter={filter} />}
        {items.length > 0 && (
          <ul className={styles.rows} style={{ height: virtual.getTotalSize() }}>
            {rows.map((row) => {
              const conversation = items[row.index];
              if (!conversation) return null;
              return (
                <li
                  key={row.key}
                  className={styles.row}
                  style={{ transform: `translateY(${row.start}px)` }}
                  aria-setsize={hasNextPage ? -1 : items.length}
                  aria-posinset={row.index + 1}
                >
                  <Row
                    conversation={conversation}
                    selected={conversation.id === selectedId}
                    href={address(conversation.id)}
                    index={row.index}
                  />
                </li>
              );
            })}
          </ul>
        )}
        {isFetchingNextPage && <SkeletonRows count={2} />}
      </div>
    </div>
  );
}

/** j and k move the real focus, so that screen readers follow. */
function useRowFocus(scroller: RefObject<HTMLDivElement | null>, show: (index: number) => void) {
  return (index: number): void => {
    show(index);
    const focusRow = () => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"]`);
      row?.focus();
      return row !== null && row !== undefined;
    };
    // At once where the row exists, so that fast keys do not outrun the focus; else when the scroll has made it.
    if (!focusRow()) requestAnimationFrame(focusRow);
  };
}

type RowProps = { conversation: Conversation; selected: boolean; href: string; index: number };

function Row({ conversation, selected, href, index }: RowProps) {
  const now = useNow();
  const users = useUsers().data;
  const assignee = users?.find((user) => user.id === conversation.assigneeId);
  const team = useTeams().data?.find((each) => each.id === conversation.teamId);
  const from = conversation.contact?.name ?? conversation.contact?.address ?? m.contact.unknown;
  const subject = conversation.subject || m.list.noSubject;
  const draft = useHasDraft(conversation.id);
  return (
    <Link
      href={href}
      data-row={index}
      className={classNames(styles.link, conversation.unread && styles.unread)}
      aria-current={selected ? "true" : undefined}
    >
      <span className={styles.dot}>{conversation.unread && <span className="visually-hidden">{m.list.unreadMark}</span>}</span>
      <span>
        <span className={styles.top}>
          <span className={styles.from}>{from}</span>
          {conversation.messageCount > 1 && (
            <span className={styles.count} title={m.list.messages(conversation.messageCount)}>
              {conversation.messageCount}
            </span>
          )}
          <time className={styles.time} dateTime={conversation.lastActivityAt} title={longTime(conversation.lastActivityAt)}>
            {shortTime(conversation.lastActivityAt, now)}
          </time>
        </span>
        <span className={styles.top}>
          <span className={styles.subject}>{subject}</span>
          {draft && <Badge tone="warn">{m.list.draft}</Badge>}
          {conversation.status !== "open" && <Badge>{m.conversation.status[conversation.status]}</Badge>}
        </span>
        <span className={styles.top}>
          <span className={styles.preview}>{conversation.preview}</span>
          {conversation.labels.slice(0, 2).map((label) => (
            <Badge key={label} tone="accent">
              {label}
            </Badge>
          ))}
          {!conversation.assigneeId && team && (
            <span title={m.teams.waitingFor(team.name)}>
              <Badge icon="people">{team.name}</Badge>
            </span>
          )}
          {assignee && (
            <span title={m.list.assignedTo(assignee.name ?? assignee.email)}>
              <Avatar name={assignee.name ?? assignee.email} size={18} />
              <span className="visually-hidden">{m.list.assignedTo(assignee.name ?? assignee.email)}</span>
            </span>
          )}
        </span>
      </span>
    </Link>
  );
}

function SkeletonRows({ count = 8 }: { count?: number }) {
  return (
    <div role="status" aria-label={m.loading}>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className={styles.skeletonRow}>
          <Skeleton width="42%" height={13} />
          <Skeleton width="76%" height={12} />
          <Skeleton width="90%" height={11} />
        </div>
      ))}
    </div>
  );
}

function Nothing({ filter }: { filter: ConversationFilter }) {
  if (filter.q) {
    return (
      <EmptyState icon="search" title={m.list.emptySearch} text={m.list.emptySearchText(filter.q)}>
        <LinkButton href="/conversations">{m.list.clearSearch}</LinkButton>
      </EmptyState>
    );
  }
  if (!isFiltered(filter)) return <EmptyState icon="check" title={m.list.emptyDone} text={m.list.emptyDoneText} />;
  return (
    <EmptyState icon="search" title={m.list.emptyFiltered} text={m.list.emptyFilteredText}>
      <LinkButton href="/conversations">{m.list.clear}</LinkButton>
    </EmptyState>
  );
}
