/** The inbox: the list, and beside it (on a phone: instead of it) one conversation. */

import { lazy, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { Conversation } from "../api/types";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { useSession } from "../session/useSession";
import { isArriving } from "../setUp/state";
import { useCounts } from "../shell/Nav";
import { usePageTitle } from "../shell/usePageTitle";
import { EmptyState } from "../ui/bits";
import { classNames } from "../ui/Button";
import { ConversationList } from "./ConversationList";
import { ConversationPane } from "./ConversationPane";
import { filterFromSearch, isFiltered, searchFromFilter } from "./filter";
import { SearchTerms } from "./Highlighted";
import { useConversationList } from "./queries";
import { useBulk } from "./useBulk";
import styles from "./Conversations.module.css";

/** Seen once. */
const FirstStart = lazy(() => import("./FirstStart"));

export function Conversations({ id }: { id: string | undefined }) {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = useMemo(() => filterFromSearch(search), [search]);
  const list = useConversationList(filter);
  const counts = useCounts();
  usePageTitle(id ? null : m.list.label, counts.data?.unread);

  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const address = useCallback(
    (conversationId?: string) =>
      `/conversations${conversationId ? `/${conversationId}` : ""}${searchFromFilter(filter)}`,
    [filter],
  );

  const at = id ? items.findIndex((item) => item.id === id) : -1;
  const place = useRef(0);
  useEffect(() => {
    if (at >= 0) place.current = at;
  }, [at]);
  const step = (by: 1 | -1): boolean => {
    if (!id) return false;
    // Once it has left the list (resolved, say), the next one is what came into its place.
    const next = at >= 0 ? items[at + by] : items[place.current + (by === 1 ? 0 : -1)];
    if (next) navigate(address(next.id));
    if (by === 1 && at >= items.length - 5 && list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
    return true;
  };
  const bulk = useBulk();
  /** The row that has the focus, or the conversation that is open. */
  const here = (): Conversation | undefined => {
    const row = document.activeElement?.closest("[data-row]")?.getAttribute("data-row");
    return row == null ? items.find((item) => item.id === id) : items[Number(row)];
  };
  useCommands({
    next: () => step(1),
    previous: () => step(-1),
    back: () => (id ? navigate(address()) : false),
    toggleUnread: () => {
      const one = here();
      if (one) void bulk([one], { unread: !one.unread }, one.unread ? m.bulk.readDone : m.bulk.unreadDone);
      return one !== undefined;
    },
    resolve: () => {
      // The open conversation's own button is mounted later and is asked first.
      const one = here();
      const done = one?.status === "resolved";
      if (one) void bulk([one], { status: done ? "open" : "resolved" }, done ? m.bulk.reopened : m.bulk.resolved);
      return one !== undefined;
    },
  });

  const empty = list.isSuccess && items.length === 0 && !isFiltered(filter);
  const everything = counts.data;
  const neverAny =
    empty && everything && everything.open + everything.pending + everything.snoozed + everything.resolved === 0;
  const { user } = useSession();
  // The first mail ends the emptiness, not the first start: it is shown and answered there.
  const [starting, setStarting] = useState(() => isArriving(user.id, Date.now()));
  if (neverAny && !id && !starting) setStarting(true);
  if (starting && !id && !isFiltered(filter)) {
    return (
      <FirstStart
        onLeave={(conversationId) => {
          setStarting(false);
          navigate(address(conversationId ?? undefined));
        }}
      />
    );
  }

  return (
    <SearchTerms query={filter.q}>
      <div className={classNames(styles.layout, id && styles.open)}>
        <section className={styles.list} aria-label={m.list.label}>
          {!id && <h1 className="visually-hidden">{m.list.label}</h1>}
          <ConversationList filter={filter} list={list} items={items} selectedId={id} address={address} />
        </section>
        <section className={styles.pane} aria-label={m.conversation.label}>
          {id ? (
            <ConversationPane key={id} id={id} backHref={address()} onStep={step} />
          ) : (
            <div className={styles.center}>
              <EmptyState icon="mail" title={m.list.pickOne} text={m.list.pickOneText} />
            </div>
          )}
        </section>
      </div>
    </SearchTerms>
  );
}
