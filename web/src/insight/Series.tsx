/** The figures over time: how much, and how fast; drawn, or as one table. */

import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { Chart, FigureTable, type Line } from "../analytics/Chart";
import { number } from "../analytics/figures";
import { asProblem } from "../api/problem";
import type { InsightSeries, InsightStretch } from "../api/types";
import { m } from "../i18n";
import { Section } from "../shell/Page";
import { Skeleton } from "../ui/bits";
import { Button } from "../ui/Button";
import { ProblemNotice } from "../ui/ProblemNotice";
import { durationWords, inUnit, intervalOf, localDay, unitFor, type Clock, type Range } from "./times";
import styles from "./insight.module.css";

const VOLUME: Line<InsightStretch>[] = [
  { name: m.insight.names.received, look: "first", value: (each) => each.received },
  { name: m.insight.names.answers, look: "second", value: (each) => each.answers },
  { name: m.insight.names.resolved, look: "third", value: (each) => each.resolved },
];

type Props = { series: UseQueryResult<InsightSeries>; range: Range; clock: Clock };

export function Series({ series, range, clock }: Props) {
  const [asTable, setAsTable] = useState(false);
  const items = series.data?.items;
  const over = m.insight.ranges[range] ?? "";
  return (
    <>
      <Section>
        <div className={styles.sectionHead}>
          <h2>{m.insight.volume}</h2>
          <Button small icon={asTable ? "chart" : "sheet"} onClick={() => setAsTable(!asTable)}>
            {asTable ? m.insight.hideTable : m.insight.showTable}
          </Button>
        </div>
        {items === undefined && series.isError ? (
          <ProblemNotice title={m.insight.failed} problem={asProblem(series.error)} onRetry={() => void series.refetch()} />
        ) : items === undefined ? (
          <Skeleton height={320} />
        ) : asTable ? (
          <Table items={items} range={range} clock={clock} />
        ) : (
          <Chart items={items} lines={VOLUME} label={m.insight.volumeLabel(over)} dayName={localDay} />
        )}
      </Section>
      {!asTable && items && (
        <div className={styles.times}>
          <Times items={items} of="firstResponse" over={over} clock={clock} />
          <Times items={items} of="resolution" over={over} clock={clock} />
        </div>
      )}
    </>
  );
}

type TimesProps = { items: InsightStretch[]; of: "firstResponse" | "resolution"; over: string; clock: Clock };

function Times({ items, of, over, clock }: TimesProps) {
  const longest = Math.max(0, ...items.map((item) => item[of][clock].p90Seconds ?? 0));
  const unit = unitFor(longest);
  const title = m.insight[of](m.insight.units[unit]);
  const lines: Line<InsightStretch>[] = [
    { name: m.insight.median, look: "first", value: (item) => inUnit(item[of][clock].medianSeconds, unit) },
    { name: m.insight.p90, look: "third", value: (item) => inUnit(item[of][clock].p90Seconds, unit) },
  ];
  const format = (value: number) => number(Math.round(value * 10) / 10);
  const some = items.some((item) => item[of][clock].medianSeconds != null);
  return (
    <Section title={title}>
      {some ? (
        <Chart items={items} lines={lines} label={m.insight.timesLabel(title, over)} format={format} dayName={localDay} />
      ) : (
        <p className={styles.none}>{m.insight.noTimes}</p>
      )}
    </Section>
  );
}

function Table({ items, range, clock }: { items: InsightStretch[]; range: Range; clock: Clock }) {
  const { names, median, p90 } = m.insight;
  const counts = (["conversations", "received", "answers", "resolved", "reopened"] as const).map((name) => ({
    name: names[name],
    cell: (each: InsightStretch) => number(each[name]),
  }));
  const times = (["firstResponse", "resolution"] as const).flatMap((name) => [
    { name: `${names[name]}: ${median}`, cell: (each: InsightStretch) => durationWords(each[name][clock].medianSeconds) },
    { name: `${names[name]}: ${p90}`, cell: (each: InsightStretch) => durationWords(each[name][clock].p90Seconds) },
  ]);
  return (
    <FigureTable
      // The newest first: in a long table it is the one that is looked for.
      items={items.toReversed()}
      columns={[...counts, ...times]}
      label={m.insight.volume}
      first={intervalOf(range) === "week" ? m.insight.week : m.insight.day}
      rowName={(each) => localDay(each.from)}
      rowKey={(each) => each.from}
    />
  );
}
