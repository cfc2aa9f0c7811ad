/** The list of conversations: only the rows on screen exist, however long it is. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, type RefObject } from "react";
import { useLocation } from "wouter";
import { asProblem } from "../api/problem";
import type { Conversation } from "../api/types";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { announce } from "../ui/announce";
import { EmptyState, Skeleton } from "../ui/bits";
import { classNames, LinkButton } from "../ui/Button";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useNow } from "../ui/useNow";
import { BulkBar, type Wish } from "./BulkBar";
import { FilterBar } from "./FilterBar";
import { isFiltered, searchFromFilter, type ConversationFilter } from "./filter";
import { useTeams, useUsers, type useConversationList } from "./queries";
import { Row } from "./Row";
import { useAnchor } from "./useAnchor";
import { useSelected } from "./useSelected";
import styles from "./ConversationList.module.css";

const ROW_PX = 84;
const OVERSCAN_ROWS = 8;
/** The next page is asked for so many rows before the end is in sight. */
const AHEAD_ROWS = 40;

type Props = {
  filter: ConversationFilter;
  list: ReturnType<typeof useConversationList>;
  items: Conversation[];
  selectedId: string | undefined;
  address: (id?: string) => string;
};

export function ConversationList({ filter, list, items, selectedId, address }: Props) {
  const [, navigate] = useLocation();
  const scroller = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => items.map((item) => item.id), [items]);
  const getItemKey = useCallback((index: number) => ids[index] ?? index, [ids]);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: rowHeight,
    overscan: OVERSCAN_ROWS,
    getItemKey,
  });
  const rows = virtual.getVirtualItems();
  const lastShown = rows.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const now = useNow();
  const users = useUsers().data;
  const teams = useTeams().data;
  useAnchor(scroller, ids, ROW_PX);
  const view = searchFromFilter(filter);
  const lastFocused = useRef(-1);
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
    lastFocused.current = -1;
  }, [view]);

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastShown >= items.length - AHEAD_ROWS) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, lastShown, items.length]);

  // Keep the open conversation in sight while j and k walk through the list.
  const selectedIndex = selectedId ? ids.indexOf(selectedId) : -1;
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
    const index = ids.indexOf(left);
    if (index >= 0) focusRow(index);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- when a conversation is left, not when the list changes
  }, [selectedId]);

  const chosen = useSelected(filter, items, ids);
  const focusedIndex = (): number => {
    const row = document.activeElement?.closest("[data-row]")?.getAttribute("data-row");
    return row == null ? -1 : Number(row);
  };
  const moveFocus = (by: 1 | -1): boolean => {
    if (items.length === 0) return false;
    const focused = focusedIndex();
    // The row that had the focus has left the list: the keys go on from its place.
    const left = lastFocused.current < 0 ? 0 : lastFocused.current + (by === 1 ? 0 : -1);
    focusRow(Math.max(0, Math.min(items.length - 1, focused < 0 ? left : focused + by)));
    return true;
  };
  const moveSelecting = (by: 1 | -1): boolean => {
    const at = focusedIndex() < 0 ? selectedIndex : focusedIndex();
    const to = Math.max(0, Math.min(items.length - 1, at + by));
    const [from, next] = [ids[at], ids[to]];
    if (from === undefined || next === undefined) return moveFocus(by);
    if (from !== next) chosen.extend(from, next);
    focusRow(to);
    return true;
  };
  const selectHere = (): boolean => {
    const id = ids[focusedIndex()] ?? selectedId;
    if (id === undefined) return false;
    chosen.select(id, false);
    return true;
  };
  /** With nothing selected, the key of an action means the row that has the focus. */
  const wish = (command: Wish): boolean => {
    const id = ids[focusedIndex()];
    if (id === undefined) return false;
    chosen.only(id, command);
    return true;
  };
  useCommands({
    next: () => (selectedId ? false : moveFocus(1)),
    previous: () => (selectedId ? false : moveFocus(-1)),
    first: () => {
      if (selectedId || items.length === 0) return false;
      focusRow(0);
      return true;
    },
    last: () => {
      if (selectedId || items.length === 0) return false;
      // What is not loaded yet is reached from the other end: no list is too long for that.
      if (hasNextPage && !filter.q) {
        navigate(`/conversations${searchFromFilter({ ...filter, oldest: filter.oldest ? undefined : true })}`);
        announce(filter.oldest ? m.bulk.fromTheTop : m.bulk.fromTheEnd);
      } else focusRow(items.length - 1);
      return true;
    },
    select: selectHere,
    selectNext: () => moveSelecting(1),
    selectPrevious: () => moveSelecting(-1),
    selectAll: () => {
      if (items.length === 0) return false;
      chosen.all();
      return true;
    },
    assign: () => wish("assign"),
    labels: () => wish("labels"),
    priority: () => wish("priority"),
    snooze: () => wish("snooze"),
    open: () => {
      const focused = document.activeElement;
      if (!(focused instanceof HTMLAnchorElement) || !scroller.current?.contains(focused)) return false;
      focused.click();
      return true;
    },
  });

  return (
    <div className={classNames(styles.column, chosen.targets.length > 0 && styles.selecting)}>
      {chosen.targets.length > 0 ? (
        <BulkBar
          targets={chosen.targets}
          loaded={items.length}
          wish={chosen.wish}
          onAll={chosen.all}
          onClear={() => {
            chosen.clear();
            // The keys go on from the list.
            if (!scroller.current?.contains(document.activeElement)) {
              const index = ids.indexOf(chosen.targets[0]?.id ?? "");
              if (index >= 0 && !selectedId) focusRow(Math.min(index, items.length - 1));
            }
          }}
        />
      ) : (
        <FilterBar filter={filter} />
      )}
      <div
        ref={scroller}
        className={styles.scroller}
        tabIndex={-1}
        onFocusCapture={(event) => {
          const row = event.target.closest("[data-row]")?.getAttribute("data-row");
          if (row != null) lastFocused.current = Number(row);
        }}
      >
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
                    open={conversation.id === selectedId}
                    selected={chosen.has(conversation.id)}
                    href={address(conversation.id)}
                    index={row.index}
                    now={now}
                    users={users}
                    teams={teams}
                    onSelect={chosen.select}
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

function rowHeight(): number {
  return ROW_PX;
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
  if (filter.mentioned) return <EmptyState icon="person" title={m.mentions.emptyTitle} text={m.mentions.emptyText} />;
  if (!isFiltered(filter)) return <EmptyState icon="check" title={m.list.emptyDone} text={m.list.emptyDoneText} />;
  return (
    <EmptyState icon="search" title={m.list.emptyFiltered} text={m.list.emptyFilteredText}>
      <LinkButton href="/conversations">{m.list.clear}</LinkButton>
    </EmptyState>
  );
}
