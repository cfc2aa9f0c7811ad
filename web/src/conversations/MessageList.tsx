/** The messages of a conversation, oldest first, the newest in sight. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { asProblem } from "../api/problem";
import type { Message } from "../api/types";
import { dayName } from "../format/time";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import { Button, classNames } from "../ui/Button";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useNow } from "../ui/useNow";
import { MessageItem } from "./MessageItem";
import type { useMessages } from "./queries";
import styles from "./Message.module.css";

/** This many newest messages are open from the start; older ones show their first words. */
const OPEN_AT_FIRST = 2;

type Props = { messages: ReturnType<typeof useMessages>; className: string; earlierClass: string };

export function MessageList({ messages, className, earlierClass }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const items = messages.data;
  useKeepNewestInSight(scroller, items);
  useKeepEndInPlace(scroller);

  return (
    <div ref={scroller} className={className} tabIndex={0} role="region" aria-label={m.conversation.messages}>
      {messages.isPending && <MessageSkeleton />}
      {messages.isError && !items && (
        <ProblemNotice
          title={m.conversation.failed}
          problem={asProblem(messages.error)}
          onRetry={() => void messages.refetch()}
        />
      )}
      {messages.hasNextPage && (
        <div className={earlierClass}>
          <Button small disabled={messages.isFetchingNextPage} onClick={() => void messages.fetchNextPage()}>
            {messages.isFetchingNextPage ? m.loading : m.conversation.earlier}
          </Button>
        </div>
      )}
      {items && <Items items={items} />}
    </div>
  );
}

function Items({ items }: { items: Message[] }) {
  const now = useNow();
  // Decided once: a message that arrives must not close those being read.
  const [firstOpen] = useState(() => new Set(items.slice(-OPEN_AT_FIRST).map((item) => item.id)));
  const [known] = useState(() => new Set(items.map((item) => item.id)));
  return (
    <ol className={styles.list}>
      {items.map((message, index) => {
        const day = dayName(message.timestamp, now);
        const before = items[index - 1];
        const newDay = !before || dayName(before.timestamp, now) !== day;
        return (
          <li key={message.id}>
            {newDay && <h2 className={styles.day}>{day}</h2>}
            <MessageItem
              // One that was taken back folds up: it is no part of what was said.
              key={message.status === "cancelled" ? "cancelled" : "said"}
              message={message}
              initiallyOpen={message.status !== "cancelled" && (firstOpen.has(message.id) || !known.has(message.id))}
            />
          </li>
        );
      })}
    </ol>
  );
}

/** At first the newest message's beginning is shown; later additions are scrolled to when the reader is at the end. */
function useKeepNewestInSight(scroller: React.RefObject<HTMLDivElement | null>, items: Message[] | undefined): void {
  const newest = items?.at(-1)?.id;
  const shown = useRef<string | undefined>(undefined);
  const atEnd = useRef(true);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const onScroll = () => {
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 160;
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => element.removeEventListener("scroll", onScroll);
  }, [scroller]);

  useLayoutEffect(() => {
    if (!newest || shown.current === newest) return;
    const first = shown.current === undefined;
    shown.current = newest;
    if (!first && !atEnd.current) return;
    // Only this is scrolled; scrollIntoView would move whatever is around it as well.
    const top = scroller.current?.querySelector<HTMLElement>("ol > li:last-child")?.offsetTop ?? 0;
    scroller.current?.scrollTo({ top, behavior: first || prefersStillness() ? "instant" : "smooth" });
  }, [newest, scroller]);
}

function prefersStillness(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Where the composer opens or grows, what was above it stays above it. */
function useKeepEndInPlace(scroller: React.RefObject<HTMLDivElement | null>): void {
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    let height = element.clientHeight;
    const observer = new ResizeObserver(() => {
      const change = height - element.clientHeight;
      height = element.clientHeight;
      element.scrollTop += change;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
}

function MessageSkeleton() {
  return (
    <div role="status" aria-label={m.loading}>
      {[0, 1].map((index) => (
        <div key={index} className={classNames(styles.card, styles.skeleton)}>
          <Skeleton width="30%" />
          <Skeleton width="92%" />
          <Skeleton width="84%" />
          <Skeleton width="46%" />
        </div>
      ))}
    </div>
  );
}
