/** Addresses that are not written to: the list, and what leads there and back. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import { suppressions } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Suppression, SuppressionReason } from "../api/types";
import { useDomains, useUseCases } from "../domains/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Badge, Breakable, EmptyState, type Tone } from "../ui/bits";
import { Button, buttonLook } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { CsvImportDialog } from "../ui/CsvImportDialog";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { AddSuppression, RemoveSuppression } from "./dialogs";
import { filterFromSearch, searchFromFilter, type SuppressionFilter } from "./filter";
import { FilterForm } from "./FilterForm";
import styles from "./suppressions.module.css";

const TONES: Record<SuppressionReason, Tone> = {
  hardBounce: "danger",
  softBounce: "warn",
  complaint: "danger",
  unsubscribe: "accent",
  manual: "plain",
};

type Asking = "add" | "import" | { remove: Suppression } | null;

export default function Suppressions() {
  const [asking, setAsking] = useState<Asking>(null);
  const [, navigate] = useLocation();
  const filter = filterFromSearch(useSearch());
  const setFilter = (next: SuppressionFilter) => navigate(`/suppressions${searchFromFilter(next)}`, { replace: true });
  const close = () => setAsking(null);
  return (
    <Page
      title={m.suppressions.title}
      lead={m.suppressions.lead}
      actions={
        <>
          <Button variant="primary" icon="plus" onClick={() => setAsking("add")}>
            {m.suppressions.create}
          </Button>
          <Button onClick={() => setAsking("import")}>{m.suppressions.import}</Button>
          <a className={buttonLook({})} href={suppressions.exportUrl} download="suppressions.csv">
            {m.suppressions.export}
          </a>
        </>
      }
    >
      {/* A filter that comes from elsewhere (the address bar, “Show all”) begins the field anew. */}
      <FilterForm key={filter.address ?? ""} filter={filter} onChange={setFilter} />
      <List filter={filter} onClear={() => setFilter({})} onRemove={(remove) => setAsking({ remove })} />
      {asking === "add" && <AddSuppression onClose={close} />}
      {asking === "import" && (
        <CsvImportDialog texts={m.suppressions} load={suppressions.importCsv} changes={keys.suppressions} onClose={close} />
      )}
      {asking && typeof asking === "object" && <RemoveSuppression suppression={asking.remove} onClose={close} />}
    </Page>
  );
}

type ListProps = { filter: SuppressionFilter; onClear: () => void; onRemove: (suppression: Suppression) => void };

function List({ filter, onClear, onRemove }: ListProps) {
  const list = useInfiniteQuery({
    queryKey: keys.suppressionList(filter),
    queryFn: ({ pageParam, signal }) => suppressions.list({ ...filter, cursor: pageParam, take: 50 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
  const nameOf = useScopeNames();
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <ListSkeleton rows={4} />;
  if (list.isError && items.length === 0) {
    return <ProblemNotice title={m.suppressions.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />;
  }
  if (items.length === 0) {
    return Object.keys(filter).length === 0 ? (
      <EmptyState icon="block" title={m.suppressions.empty} text={m.suppressions.emptyText} />
    ) : (
      <EmptyState icon="search" title={m.suppressions.noneFound} text={m.suppressions.noneFoundText}>
        <Button onClick={onClear}>{m.suppressions.clear}</Button>
      </EmptyState>
    );
  }
  return (
    <>
      <p className={styles.count} role="status">
        {m.suppressions.shown(items.length, list.hasNextPage)}
      </p>
      <ul className={listStyles.list}>
        {items.map((each) => (
          <li key={each.id}>
            <Row suppression={each} scope={nameOf(each)} onRemove={() => onRemove(each)} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  );
}

/** The domain or use case by its name, or by its id until that is known. */
function useScopeNames(): (suppression: Suppression) => string {
  const domains = useDomains().data;
  const cases = useUseCases().data;
  return ({ scope, scopeId }) => {
    if (scope === "workspace" || !scopeId) return m.suppressions.scopes[scope];
    const known = (scope === "domain" ? domains : cases)?.find((each) => each.id === scopeId);
    return m.suppressions.scopeOf[scope](known?.name ?? scopeId);
  };
}

function Row({ suppression, scope, onRemove }: { suppression: Suppression; scope: string; onRemove: () => void }) {
  const { address, reason, detail, createdAt, expiresAt } = suppression;
  const when = [
    m.suppressions.since(longTime(createdAt)),
    ...(expiresAt ? [m.suppressions.until(longTime(expiresAt))] : []),
  ];
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <strong>
          <Breakable text={address} />
        </strong>
        <span className={listStyles.sub}>{[scope, ...when].join(" · ")}</span>
        {detail && <span className={listStyles.sub}>{detail}</span>}
      </span>
      <span className={listStyles.side}>
        <Badge tone={TONES[reason]}>{m.suppressions.reasons[reason]}</Badge>
        <Button small aria-label={m.suppressions.removeLabel(address)} onClick={onRemove}>
          <Icon name="close" size={14} />
          {m.suppressions.remove}
        </Button>
      </span>
    </div>
  );
}
