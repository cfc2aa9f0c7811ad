/** The figures of a time, each beside what it was before. */

import type { InsightSummary } from "../api/types";
import { number, percent } from "../analytics/figures";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import { comparison, durationWords, slaOutcome, type Clock } from "./times";
import styles from "./insight.module.css";

const COUNTS = ["conversations", "received", "answers", "resolved"] as const;
const TIMES = ["firstResponse", "resolution"] as const;

type Props = { now: InsightSummary | undefined; before: InsightSummary | undefined; clock: Clock };

export function Tiles({ now, before, clock }: Props) {
  return (
    <>
      <h2 className="visually-hidden">{m.insight.figures}</h2>
      <dl className={styles.tiles}>
        {TIMES.map((name) => (
          <Tile
            key={name}
            name={m.insight.names[name]}
            value={now && durationWords(now[name][clock].medianSeconds)}
            hint={m.insight.hints[name]}
            change={comparison(now?.[name][clock].medianSeconds, before?.[name][clock].medianSeconds)}
          />
        ))}
        <SlaTile now={now} before={before} />
        {COUNTS.map((name) => (
          <Tile
            key={name}
            name={m.insight.names[name]}
            value={now && number(now[name])}
            hint={name in m.insight.hints ? m.insight.hints[name as keyof typeof m.insight.hints] : ""}
            change={comparison(now?.[name], before?.[name])}
          />
        ))}
        <Tile name={m.insight.names.reopened} value={now && number(now.reopened)} hint="" change={comparison(now?.reopened, before?.reopened)} />
      </dl>
    </>
  );
}

type TileProps = { name: string; value: string | undefined; hint: string; change: string };

function Tile({ name, value, hint, change }: TileProps) {
  return (
    <div className={styles.tile}>
      <dt>{name}</dt>
      <dd className={styles.value}>{value ?? <Skeleton width={64} height={24} />}</dd>
      <dd className={styles.hint}>
        {hint && <span>{hint}</span>}
        <span>{change}</span>
      </dd>
    </div>
  );
}

function SlaTile({ now, before }: Pick<Props, "now" | "before">) {
  const outcome = now && slaOutcome(now);
  const past = before && slaOutcome(before);
  const change = past && past.all > 0 ? m.insight.before(percent(past.met / past.all)) : "";
  return (
    <Tile
      name={m.insight.names.sla}
      value={outcome && (outcome.all > 0 ? percent(outcome.met / outcome.all) : "–")}
      hint={outcome ? (outcome.all > 0 ? m.insight.slaOf(number(outcome.met), number(outcome.all)) : m.insight.noSla) : ""}
      change={change}
    />
  );
}
