/** The list of broadcasts, each with how far it is. */

import { Link } from "wouter";
import { number } from "../analytics/figures";
import { asProblem } from "../api/problem";
import type { Broadcast, BroadcastStatus } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Badge, EmptyState, type Tone } from "../ui/bits";
import { LinkButton } from "../ui/Button";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./broadcasts.module.css";
import { throughOf } from "./progress";
import { ProgressBar } from "./ProgressBar";
import { useBroadcasts, useNames } from "./queries";

const TONES: Record<BroadcastStatus, Tone> = {
  draft: "plain",
  scheduled: "accent",
  sending: "accent",
  paused: "warn",
  sent: "ok",
  cancelled: "plain",
};

export function BroadcastBadge({ status }: { status: BroadcastStatus }) {
  return <Badge tone={TONES[status]}>{m.broadcasts.status[status]}</Badge>;
}

export default function Broadcasts() {
  const create = (
    <LinkButton variant="primary" icon="plus" href="/broadcasts/new">
      {m.broadcasts.create}
    </LinkButton>
  );
  return (
    <Page title={m.broadcasts.title} lead={m.broadcasts.lead} actions={create}>
      <List />
    </Page>
  );
}

function List() {
  const list = useBroadcasts();
  const namesOf = useNames();
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <ListSkeleton rows={4} />;
  if (list.isError && items.length === 0) {
    return <ProblemNotice title={m.broadcasts.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />;
  }
  if (items.length === 0) return <EmptyState icon="megaphone" title={m.broadcasts.empty} text={m.broadcasts.emptyText} />;
  return (
    <>
      <ul className={listStyles.list}>
        {items.map((broadcast) => (
          <li key={broadcast.id}>
            <Row broadcast={broadcast} names={namesOf(broadcast)} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  );
}

function Row({ broadcast, names }: { broadcast: Broadcast; names: { list: string; useCase: string } }) {
  const { id, name, status, progress } = broadcast;
  return (
    <Link href={`/broadcasts/${id}`} className={listStyles.row ?? ""}>
      <span className={listStyles.main}>
        <strong>{name}</strong>
        <span className={listStyles.sub}>{[m.broadcasts.toList(names.list), m.broadcasts.under(names.useCase), whenOf(broadcast)].join(" · ")}</span>
        {broadcast.problem && status === "paused" && <span className={styles.problem}>{broadcast.problem}</span>}
      </span>
      <span className={styles.state}>
        <BroadcastBadge status={status} />
        {progress.total > 0 && <span className={styles.count}>{m.broadcasts.handled(number(throughOf(progress)), number(progress.total))}</span>}
      </span>
      {progress.total > 0 && <ProgressBar progress={progress} />}
    </Link>
  );
}

function whenOf({ status, scheduledAt, startedAt, finishedAt, createdAt }: Broadcast): string {
  if (status === "scheduled" && scheduledAt) return m.broadcasts.plannedFor(longTime(scheduledAt));
  return longTime(finishedAt ?? startedAt ?? createdAt);
}
