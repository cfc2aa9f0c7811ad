/** Who, which team or which channel has how much, and how fast it is there. */

import type { UseQueryResult } from "@tanstack/react-query";
import { FigureTable } from "../analytics/Chart";
import { number, percent } from "../analytics/figures";
import { asProblem } from "../api/problem";
import type { InsightBy, InsightGroup, InsightGroups } from "../api/types";
import { m } from "../i18n";
import { Section } from "../shell/Page";
import { Skeleton } from "../ui/bits";
import { ProblemNotice } from "../ui/ProblemNotice";
import { Segments } from "../ui/Segments";
import { Export } from "./Export";
import { durationWords, slaOutcome, type Clock } from "./times";
import styles from "./insight.module.css";

type Query = Record<string, string> & { by: InsightBy };
type Props = { groups: UseQueryResult<InsightGroups>; query: Query; clock: Clock; onBy: (by: InsightBy) => void };

const GROUPS = Object.keys(m.insight.groupNames) as InsightBy[];

export function Groups({ groups, query, clock, onBy }: Props) {
  const { by } = query;
  return (
    <Section>
      <div className={styles.sectionHead}>
        <h2>{m.insight.groupsOf[by]}</h2>
        <span className={styles.grow} />
        <Export query={query} words={m.insight.exportGroups} />
        <Segments label={m.insight.groups} options={GROUPS.map((value) => ({ value, name: m.insight.groupNames[value] }))} value={by} onChange={onBy} />
      </div>
      {groups.data === undefined && groups.isError ? (
        <ProblemNotice title={m.insight.failed} problem={asProblem(groups.error)} onRetry={() => void groups.refetch()} />
      ) : groups.data === undefined ? (
        <Skeleton height={160} />
      ) : groups.data.items.length === 0 ? (
        <p className={styles.none}>{m.insight.noGroups}</p>
      ) : (
        <>
          <p className={styles.note}>{m.insight.groupsLead}</p>
          <Table items={groups.data.items} by={groups.data.by} clock={clock} />
        </>
      )}
    </Section>
  );
}

function Table({ items, by, clock }: { items: InsightGroup[]; by: InsightBy; clock: Clock }) {
  const { names } = m.insight;
  const counts = (["received", "answers", "resolved"] as const).map((name) => ({
    name: names[name],
    cell: (each: InsightGroup) => number(each[name]),
  }));
  const times = (["firstResponse", "resolution"] as const).map((name) => ({
    name: names[name],
    cell: (each: InsightGroup) => durationWords(each[name][clock].medianSeconds),
  }));
  const sla = {
    name: names.sla,
    cell: (each: InsightGroup) => {
      const { met, all } = slaOutcome(each);
      return all > 0 ? percent(met / all) : "–";
    },
  };
  return (
    <FigureTable
      items={items}
      columns={[...counts, ...times, sla]}
      label={m.insight.groupsOf[by]}
      first={m.insight.groupNames[by]}
      rowName={({ id, name }) => name ?? (id ? m.insight.former[by] : m.insight.nobody[by])}
      rowKey={({ id }) => id ?? ""}
    />
  );
}
