/** How much comes in, and how fast it is answered: figures beside those of the time before, over time, and by whom. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLocation, useSearch } from "wouter";
import { insight } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { InsightSummary } from "../api/types";
import { useChannels, useTeams, useUsers } from "../conversations/queries";
import { m } from "../i18n";
import { nameOf } from "../people/changes";
import { Page } from "../shell/Page";
import { EmptyState } from "../ui/bits";
import { classNames } from "../ui/Button";
import { SelectField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { Segments } from "../ui/Segments";
import { useNow } from "../ui/useNow";
import { chosenFromSearch, isNarrowed, searchFromChosen, type Chosen } from "./chosen";
import { Export } from "./Export";
import { FigureTabs } from "./FigureTabs";
import { Groups } from "./Groups";
import { Series } from "./Series";
import { Tiles } from "./Tiles";
import { intervalOf, RANGES, stretchesOf, type Clock } from "./times";
import styles from "./insight.module.css";

/** Events refresh the conversations, not these. */
const POLL_MS = 30_000;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const CLOCKS = Object.keys(m.insight.clocks) as Clock[];

export default function Insight() {
  const [, navigate] = useLocation();
  const chosen = chosenFromSearch(useSearch());
  const { from, to, before } = stretchesOf(chosen.range, useNow());
  const filters = { channelId: chosen.channelId, teamId: chosen.teamId, userId: chosen.userId };
  const query = { from, to, ...filters };
  const set = (change: Partial<Chosen>) => navigate(`/insight${searchFromChosen({ ...chosen, ...change })}`, { replace: true });
  const options = { placeholderData: keepPreviousData, refetchInterval: POLL_MS } as const;
  const summary = useQuery({
    queryKey: [...keys.insight, "summary", query],
    queryFn: ({ signal }) => insight.summary(query, signal),
    ...options,
  });
  const earlier = { from: before, to: from, ...filters };
  const past = useQuery({
    queryKey: [...keys.insight, "summary", earlier],
    queryFn: ({ signal }) => insight.summary(earlier, signal),
    placeholderData: keepPreviousData,
  });
  const interval = intervalOf(chosen.range);
  const over = { ...query, interval, timeZone: ZONE };
  const series = useQuery({
    queryKey: [...keys.insight, "series", over],
    queryFn: ({ signal }) => insight.series(over, signal),
    ...options,
  });
  const grouped = { ...query, by: chosen.by };
  const groups = useQuery({
    queryKey: [...keys.insight, "groups", grouped],
    queryFn: ({ signal }) => insight.groups(grouped, signal),
    ...options,
  });
  const retry = () => [summary, past, series, groups].forEach((each) => void each.refetch());
  return (
    <Page title={m.insight.title} lead={m.insight.lead(ZONE)} actions={<Export query={over} words={m.insight.export} />}>
      <FigureTabs />
      <Filters chosen={chosen} summary={summary.data} set={set} />
      {summary.data === undefined && summary.isError ? (
        <ProblemNotice title={m.insight.failed} problem={asProblem(summary.error)} onRetry={retry} />
      ) : summary.data && isNothing(summary.data) ? (
        <EmptyState icon="chart" title={m.insight.empty} text={isNarrowed(chosen) ? m.insight.emptyFiltered : m.insight.emptyText} />
      ) : (
        <div className={classNames(summary.isPlaceholderData && styles.stale)}>
          <Tiles now={summary.data} before={past.data} clock={chosen.clock} />
          <Series series={series} range={chosen.range} clock={chosen.clock} />
          <Groups groups={groups} query={grouped} clock={chosen.clock} onBy={(by) => set({ by })} />
        </div>
      )}
    </Page>
  );
}

function isNothing({ conversations, received, answers, resolved }: InsightSummary): boolean {
  return conversations + received + answers + resolved === 0;
}

type FiltersProps = { chosen: Chosen; summary: InsightSummary | undefined; set: (change: Partial<Chosen>) => void };

function Filters({ chosen, summary, set }: FiltersProps) {
  const channels = useChannels().data ?? [];
  const teams = useTeams().data ?? [];
  const users = useUsers().data ?? [];
  const measured = [summary?.firstResponse, summary?.resolution].some((each) => each?.businessHours.medianSeconds != null);
  return (
    <div className={styles.filters}>
      <div className={styles.clocks}>
        <Segments
          className={styles.ranges}
          label={m.insight.range}
          options={RANGES.map((range) => ({ value: range, name: m.insight.ranges[range] ?? "" }))}
          value={chosen.range}
          onChange={(range) => set({ range })}
        />
        {(measured || chosen.clock !== "elapsed") && (
          <Segments
            className={styles.ranges}
            label={m.insight.clock}
            options={CLOCKS.map((clock) => ({ value: clock, name: m.insight.clocks[clock] }))}
            value={chosen.clock}
            onChange={(clock) => set({ clock })}
          />
        )}
      </div>
      <Choose label={m.insight.channel} any={m.insight.anyChannel} value={chosen.channelId} options={channels} onChange={(channelId) => set({ channelId })} />
      {(teams.length > 0 || chosen.teamId) && (
        <Choose label={m.insight.team} any={m.insight.anyTeam} value={chosen.teamId} options={teams} onChange={(teamId) => set({ teamId })} />
      )}
      <Choose
        label={m.insight.person}
        any={m.insight.anyPerson}
        value={chosen.userId}
        options={users.map((user) => ({ id: user.id, name: nameOf(user) }))}
        onChange={(userId) => set({ userId })}
      />
    </div>
  );
}

type ChooseProps = { label: string; any: string; value: string; options: { id: string; name: string }[]; onChange: (id: string) => void };

function Choose({ label, any, value, options, onChange }: ChooseProps) {
  return (
    <SelectField label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{any}</option>
      {options.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}
