/** The plain lists of the settings-like pages: their look, and what they show while there is nothing to list. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem } from "../api/problem";
import { m } from "../i18n";
import { Skeleton } from "./bits";
import { Button } from "./Button";
import styles from "./list.module.css";
import { ProblemNotice } from "./ProblemNotice";

export const listStyles = styles;

export function ListSkeleton({ rows = 3 }: { rows?: number }) {
  return (
    <div className={styles.skeletons} role="status" aria-label={m.loading}>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} width={`${70 - index * 12}%`} height={18} />
      ))}
    </div>
  );
}

type Props<T> = {
  query: UseQueryResult<T[]>;
  failed: string;
  empty: ReactNode;
  children: (item: T) => ReactNode;
};

export function ResourceList<T extends { id: string }>({ query, failed, empty, children }: Props<T>) {
  if (query.isPending) return <ListSkeleton />;
  if (query.data === undefined) {
    return <ProblemNotice title={failed} problem={asProblem(query.error)} onRetry={() => void query.refetch()} />;
  }
  if (query.data.length === 0) return empty;
  return (
    <ul className={styles.list}>
      {query.data.map((item) => (
        <li key={item.id}>{children(item)}</li>
      ))}
    </ul>
  );
}

/** What a list of pages says of itself. */
export type Paged = {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: unknown;
  fetchNextPage: () => unknown;
};

/** Below the pages of a list: the way to the next one. While that comes the button keeps the focus. */
export function LoadMore({ list, label = m.loadMore }: { list: Paged; label?: string }) {
  if (!list.hasNextPage) return null;
  const next = () => {
    if (!list.isFetchingNextPage) void list.fetchNextPage();
  };
  if (list.isFetchNextPageError && !list.isFetchingNextPage) {
    return <ProblemNotice title={m.loadMoreFailed} problem={asProblem(list.error)} onRetry={next} />;
  }
  return (
    <div className={styles.loadMore}>
      <Button small aria-disabled={list.isFetchingNextPage} onClick={next}>
        {label}
      </Button>
    </div>
  );
}
