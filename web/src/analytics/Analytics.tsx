/** What became of mail in a time: figures, and the days one by one. */

import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import { analytics } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { AnalyticsSeries, AnalyticsStretch, AnalyticsSummary, MailCounts, MailRates } from "../api/types";
import { useChannels } from "../conversations/queries";
import { useUseCases } from "../domains/queries";
import { m } from "../i18n";
import { Page, Section } from "../shell/Page";
import { EmptyState, Skeleton } from "../ui/bits";
import { Button, classNames } from "../ui/Button";
import { SelectField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useNow } from "../ui/useNow";
import { FigureTabs } from "../insight/FigureTabs";
import { Chart, FigureTable, type Line } from "./Chart";
import { dayOf, number, percent, rangeStart, RANGES, type Range } from "./figures";
import { Segments } from "../ui/Segments";
import styles from "./analytics.module.css";

/** Events refresh the figures too; they may come from a stream that is interrupted. */
const POLL_MS = 30_000;

type Chosen = { range: Range; channelId: string; useCaseId: string };

/** In the address bar, so that a look can be kept and shared. */
function chosenFromSearch(search: string): Chosen {
  const params = new URLSearchParams(search);
  const range = RANGES.find((each) => String(each) === params.get("range")) ?? 30;
  return { range, channelId: params.get("channel") ?? "", useCaseId: params.get("useCase") ?? "" };
}

function searchFromChosen({ range, channelId, useCaseId }: Chosen): string {
  const params = new URLSearchParams({ range: String(range) });
  if (channelId) params.set("channel", channelId);
  if (useCaseId) params.set("useCase", useCaseId);
  return `?${params}`;
}

export default function Analytics() {
  const [, navigate] = useLocation();
  const chosen = chosenFromSearch(useSearch());
  const from = rangeStart(chosen.range, useNow());
  const query = { from, channelId: chosen.channelId, useCaseId: chosen.useCaseId };
  const options = { placeholderData: keepPreviousData, refetchInterval: POLL_MS } as const;
  const summary = useQuery({
    queryKey: [...keys.analytics, "summary", query],
    queryFn: ({ signal }) => analytics.summary(query, signal),
    ...options,
  });
  const series = useQuery({
    queryKey: [...keys.analytics, "series", query],
    queryFn: ({ signal }) => analytics.series({ ...query, interval: "day" }, signal),
    ...options,
  });
  return (
    <Page title={m.analytics.title} lead={m.analytics.lead}>
      <FigureTabs />
      <Filters chosen={chosen} onChange={(change) => navigate(`/analytics${searchFromChosen({ ...chosen, ...change })}`, { replace: true })} />
      <Figures chosen={chosen} summary={summary} series={series} />
    </Page>
  );
}

function Filters({ chosen, onChange }: { chosen: Chosen; onChange: (change: Partial<Chosen>) => void }) {
  const channels = useChannels().data ?? [];
  const cases = useUseCases().data ?? [];
  return (
    <div className={styles.filters}>
      <Segments
        className={styles.ranges}
        label={m.analytics.range}
        options={RANGES.map((range) => ({ value: range, name: m.analytics.ranges[range] ?? "" }))}
        value={chosen.range}
        onChange={(range) => onChange({ range })}
      />
      <SelectField
        label={m.analytics.channel}
        value={chosen.channelId}
        onChange={(event) => onChange({ channelId: event.target.value, useCaseId: "" })}
      >
        <option value="">{m.analytics.anyChannel}</option>
        {channels.map((channel) => (
          <option key={channel.id} value={channel.id}>
            {channel.name}
          </option>
        ))}
      </SelectField>
      {cases.length > 0 && (
        <SelectField
          label={m.analytics.useCase}
          value={chosen.useCaseId}
          onChange={(event) => onChange({ useCaseId: event.target.value, channelId: "" })}
        >
          <option value="">{m.analytics.anyUseCase}</option>
          {cases.map((useCase) => (
            <option key={useCase.id} value={useCase.id}>
              {useCase.name}
            </option>
          ))}
        </SelectField>
      )}
    </div>
  );
}

const LEADING = ["sent", "delivered", "bounced", "received"] as const;
const OTHERS = ["opened", "clicked", "unsubscribed", "complained", "deferred", "failed", "suppressed"] as const;

type FiguresProps = { chosen: Chosen; summary: UseQueryResult<AnalyticsSummary>; series: UseQueryResult<AnalyticsSeries> };

function Figures({ chosen, summary, series }: FiguresProps) {
  if (summary.data === undefined && summary.isError) {
    return (
      <ProblemNotice
        title={m.analytics.failed}
        problem={asProblem(summary.error)}
        onRetry={() => {
          void summary.refetch();
          void series.refetch();
        }}
      />
    );
  }
  if (summary.data && isNothing(summary.data)) {
    const narrowed = chosen.channelId !== "" || chosen.useCaseId !== "";
    return (
      <EmptyState icon="chart" title={m.analytics.empty} text={narrowed ? m.analytics.emptyFiltered : m.analytics.emptyText} />
    );
  }
  return (
    <div className={classNames(summary.isPlaceholderData && styles.stale)}>
      <h2 className="visually-hidden">{m.analytics.figures}</h2>
      <dl className={styles.leading}>
        {LEADING.map((name) => (
          <Tile key={name} name={name} summary={summary.data} />
        ))}
      </dl>
      <dl className={styles.others}>
        {OTHERS.map((name) => (
          <Tile key={name} name={name} summary={summary.data} />
        ))}
      </dl>
      <Days series={series} range={chosen.range} />
    </div>
  );
}

function isNothing(counts: MailCounts): boolean {
  return [...LEADING, ...OTHERS].every((name) => counts[name] === 0);
}

function Tile({ name, summary }: { name: keyof MailCounts; summary: AnalyticsSummary | undefined }) {
  const rate = (summary && name in summary.rates ? summary.rates[name as keyof MailRates] : null) ?? null;
  return (
    <div className={styles.tile}>
      <dt>{m.analytics.names[name]}</dt>
      <dd className={styles.value}>{summary ? number(summary[name]) : <Skeleton width={64} height={24} />}</dd>
      <dd className={styles.rate}>
        {rate === null ? m.analytics.hints[name] : `${percent(rate)} ${m.analytics.rateOf[name as keyof MailRates]}`}
      </dd>
    </div>
  );
}

const LINES: Line<AnalyticsStretch>[] = [
  { name: m.analytics.names.sent, look: "first", value: (day) => day.sent },
  { name: m.analytics.names.delivered, look: "second", value: (day) => day.delivered },
  { name: m.analytics.names.bounced, look: "third", value: (day) => day.bounced },
];
const COLUMNS = ["sent", "delivered", "bounced", "complained", "opened", "clicked", "received"] as const;

function Days({ series, range }: { series: UseQueryResult<AnalyticsSeries>; range: Range }) {
  const [asTable, setAsTable] = useState(false);
  return (
    <Section>
      <div className={styles.daysHead}>
        <h2>{m.analytics.chart}</h2>
        <Button small icon={asTable ? "chart" : "sheet"} onClick={() => setAsTable(!asTable)}>
          {asTable ? m.analytics.hideTable : m.analytics.showTable}
        </Button>
      </div>
      {series.data === undefined && series.isError ? (
        <ProblemNotice title={m.analytics.failed} problem={asProblem(series.error)} onRetry={() => void series.refetch()} />
      ) : series.data === undefined ? (
        <Skeleton height={280} />
      ) : asTable ? (
        <FigureTable
          // The newest day first: in a long table it is the one that is looked for.
          items={series.data.items.toReversed()}
          columns={COLUMNS.map((name) => ({ name: m.analytics.names[name], cell: (day: AnalyticsStretch) => number(day[name]) }))}
          label={m.analytics.chart}
          first={m.analytics.day}
          rowName={(day) => dayOf(day.from)}
          rowKey={(day) => day.from}
        />
      ) : (
        <Chart items={series.data.items} lines={LINES} label={m.analytics.chartLabel(m.analytics.ranges[range] ?? "")} />
      )}
    </Section>
  );
}
