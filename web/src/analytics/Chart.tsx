/** Sent, delivered and bounced, day by day: drawn, or as a table. */

import { useEffect, useRef, useState } from "react";
import type { AnalyticsStretch } from "../api/types";
import { m } from "../i18n";
import { classNames } from "../ui/Button";
import { dayOf, namedDays, number, ticks } from "./figures";
import styles from "./analytics.module.css";

const LINES = ["sent", "delivered", "bounced"] as const;
const COLUMNS = ["sent", "delivered", "bounced", "complained", "opened", "clicked", "received"] as const;

const HEIGHT_PX = 280;
const TOP_PX = 12;
const BOTTOM_PX = 26;
const RIGHT_PX = 16;
const WIDTH_PX_FIRST = 800;
/** Room for a day's name. */
const DAY_PX = 76;
/** Of a digit on the axis. */
const DIGIT_PX = 8;

/** The width there is: text in a drawing that is scaled would be scaled too. */
function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(WIDTH_PX_FIRST);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth || WIDTH_PX_FIRST));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { box, width };
}

type ChartProps = { items: AnalyticsStretch[]; label: string };

export function Chart({ items, label }: ChartProps) {
  const { box, width } = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const most = Math.max(0, ...items.flatMap((item) => LINES.map((name) => item[name])));
  const marks = ticks(most);
  const top = marks.at(-1) ?? 1;
  const left = 14 + number(top).length * DIGIT_PX;
  const across = width - left - RIGHT_PX;
  const x = (index: number) => left + (items.length < 2 ? across / 2 : (index / (items.length - 1)) * across);
  const y = (value: number) => TOP_PX + (1 - value / top) * (HEIGHT_PX - TOP_PX - BOTTOM_PX);
  const named = namedDays(items.length, Math.max(2, Math.floor(across / DAY_PX)));
  const shown = at === null ? undefined : items[at];

  return (
    <figure className={styles.figure}>
      <figcaption className={styles.legend}>
        {/* The day in sight, or the colours alone: the line keeps its place. */}
        <span className={styles.day}>{shown ? dayOf(shown.from) : ""}</span>
        {LINES.map((name) => (
          <span key={name}>
            <i className={classNames(styles.swatch, styles[name])} aria-hidden="true" />
            {m.analytics.names[name]}
            {shown && <b> {number(shown[name])}</b>}
          </span>
        ))}
      </figcaption>
      <div
        ref={box}
        onPointerMove={(event) => {
          const from = event.currentTarget.getBoundingClientRect().left;
          const part = (event.clientX - from - left) / across;
          setAt(Math.max(0, Math.min(items.length - 1, Math.round(part * (items.length - 1)))));
        }}
        onPointerLeave={() => setAt(null)}
      >
        <svg className={styles.chart} width={width} height={HEIGHT_PX} role="img" aria-label={label}>
          {marks.map((mark) => (
            <g key={mark}>
              <line className={styles.grid} x1={left} x2={width - RIGHT_PX} y1={y(mark)} y2={y(mark)} />
              <text x={left - 8} y={y(mark)} dy="0.35em" textAnchor="end">
                {number(mark)}
              </text>
            </g>
          ))}
          {items.map(
            (item, index) =>
              named.has(index) && (
                <text key={item.from} x={x(index)} y={HEIGHT_PX - 6} textAnchor={index === items.length - 1 ? "end" : "middle"}>
                  {dayOf(item.from)}
                </text>
              ),
          )}
          {at !== null && <line className={styles.cursor} x1={x(at)} x2={x(at)} y1={TOP_PX} y2={HEIGHT_PX - BOTTOM_PX} />}
          {LINES.map((name) => (
            <g key={name} className={styles[name]}>
              <polyline className={styles.line} points={items.map((item, index) => `${x(index)},${y(item[name])}`).join(" ")} />
              {items.length === 1 && items[0] && <circle className={styles.point} cx={x(0)} cy={y(items[0][name])} r={3.5} />}
              {shown && at !== null && <circle className={styles.point} cx={x(at)} cy={y(shown[name])} r={3.5} />}
            </g>
          ))}
        </svg>
      </div>
    </figure>
  );
}

export function DayTable({ items }: { items: AnalyticsStretch[] }) {
  return (
    <div className={styles.tableBox} tabIndex={0} role="group" aria-label={m.analytics.chart}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{m.analytics.day}</th>
            {COLUMNS.map((name) => (
              <th key={name} scope="col">
                {m.analytics.names[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {/* The newest day first: in a long table it is the one that is looked for. */}
          {items.toReversed().map((item) => (
            <tr key={item.from}>
              <th scope="row">{dayOf(item.from)}</th>
              {COLUMNS.map((name) => (
                <td key={name}>{number(item[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
