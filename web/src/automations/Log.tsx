/** What an automation matched and did, newest first. */

import { Link } from "wouter";
import { asProblem } from "../api/problem";
import type { AutomationRun } from "../api/types";
import { exactTime } from "../format/time";
import { m } from "../i18n";
import { Section } from "../shell/Page";
import { Badge, Breakable, EmptyState } from "../ui/bits";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./automations.module.css";
import { useRuns } from "./queries";
import { Steps } from "./Steps";

export function Log({ id }: { id: string }) {
  const runs = useRuns(id);
  const items = runs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title={m.automations.log}>
      {runs.isPending && <ListSkeleton />}
      {runs.isError && items.length === 0 && (
        <ProblemNotice title={m.automations.logFailed} problem={asProblem(runs.error)} onRetry={() => void runs.refetch()} />
      )}
      {runs.data && items.length === 0 && <EmptyState icon="bolt" title={m.automations.noRuns} text={m.automations.noRunsText} />}
      {items.length > 0 && (
        <ul className={listStyles.list} aria-label={m.automations.log}>
          {items.map((run) => (
            <li key={run.id}>
              <Run run={run} />
            </li>
          ))}
        </ul>
      )}
      <LoadMore list={runs} />
    </Section>
  );
}

function Run({ run }: { run: AutomationRun }) {
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <Link href={`/conversations/${run.conversationId}`} className={styles.subject ?? ""}>
          {run.subject || m.automations.noSubject}
        </Link>
        <span className={listStyles.sub}>
          <Breakable text={run.from || m.automations.noSender} /> · {exactTime(run.createdAt)}
        </span>
        <Steps steps={run.steps} />
      </span>
      {run.failed && (
        <span className={listStyles.side}>
          <Badge tone="danger">{m.automations.failedBadge}</Badge>
        </span>
      )}
    </div>
  );
}
