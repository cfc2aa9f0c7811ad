/** The page of one kind of thing: its list, and how to make one. What is in a row is each page's own. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { EmptyState } from "../ui/bits";
import type { IconName } from "../ui/Icon";
import { ResourceList } from "../ui/list";
import { Page } from "./Page";

type Props<T> = {
  texts: { title: string; lead: string; failed: string; empty: string; emptyText: string };
  icon: IconName;
  query: UseQueryResult<T[]>;
  /** The button that makes one, where the reader may. */
  create: ReactNode;
  row: (item: T) => ReactNode;
  /** Dialogs over the list. */
  children?: ReactNode;
};

export function ResourcePage<T extends { id: string }>({ texts, icon, query, create, row, children }: Props<T>) {
  return (
    <Page title={texts.title} lead={texts.lead} actions={create}>
      <ResourceList
        query={query}
        failed={texts.failed}
        empty={
          <EmptyState icon={icon} title={texts.empty} text={texts.emptyText}>
            {create}
          </EmptyState>
        }
      >
        {row}
      </ResourceList>
      {children}
    </Page>
  );
}
