/** Figures over time, one beside the other: drawn as lines, or as a table. What they are of is the caller's. */

import { useEffect, useRef, useState } from "react";
import { classNames } from "../ui/Button";
import { dayOf, namedDays, number, ticks } from "./figures";
import styles from "./analytics.module.css";

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

/** How a line looks: its colour and its dashes. */
export type LineLook = "first" | "second" | "third";

export type Line<T> = {
  name: string;
  look: LineLook;
  /** `null` where there is none: the line goes on behind it. */
  value: (item: T) => number | null;
};

type ChartProps<T> = {
  items: T[];
  lines: Line<T>[];
  label: string;
  /** What a number is called. */
  format?: (value: number) => string;
  /** What an item's time is called. */
  dayName?: (iso: string) => string;
};

export function Chart<T extends { from: string }>({ items, lines, label, format = number, dayName = dayOf }: ChartProps<T>) {
  const { box, width } = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const most = Math.max(0, ...items.flatMap((item) => lines.map((line) => line.value(item) ?? 0)));
  const marks = ticks(most);
  const top = marks.at(-1) ?? 1;
  const left = 14 + number(top).length * DIGIT_PX;
  const across = width - left - RIGHT_PX;
  const x = (index: number) => left + (items.length < 2 ? across / 2 : (index / (items.length - 1)) * across);
  const y = (value: number) => TOP_PX + (1 - value / top) * (HEIGHT_PX - TOP_PX - BOTTOM_PX);
  const named = namedDays(items.length, Math.max(2, Math.floor(across / DAY_PX)));
  const shown = at === null ? undefined : items[at];
  const words = (value: number | null) => (value === null ? "–" : format(value));

  return (
    <figure className={styles.figure}>
      <figcaption className={styles.legend}>
        {/* The day in sight, or the colours alone: the line keeps its place. */}
        <span className={styles.day}>{shown ? dayName(shown.from) : ""}</span>
        {lines.map((line) => (
          <span key={line.name}>
            <i className={classNames(styles.swatch, styles[line.look])} aria-hidden="true" />
            {line.name}
            {shown && <b> {words(line.value(shown))}</b>}
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
                <text key={item.from} x={x(index)} y={HEIGHT_PX - 6} textAnchor={index === items.length - 1 ? "end" : index === 0 ? "start" : "middle"}>
                  {dayName(item.from)}
                </text>
              ),
          )}
          {at !== null && <line className={styles.cursor} x1={x(at)} x2={x(at)} y1={TOP_PX} y2={HEIGHT_PX - BOTTOM_PX} />}
          {lines.map((line) => (
            <DrawnLine key={line.name} look={line.look} points={pointsOf(items, line, x, y)} at={at} />
          ))}
        </svg>
      </div>
    </figure>
  );
}

type Point = { index: number; x: number; y: number };

function pointsOf<T>(items: T[], line: Line<T>, x: (index: number) => number, y: (value: number) => number): Point[] {
  return items.flatMap((item, index) => {
    const value = line.value(item);
    return value === null ? [] : [{ index, x: x(index), y: y(value) }];
  });
}

function DrawnLine({ look, points, at }: { look: LineLook; points: Point[]; at: number | null }) {
  const shown = points.find((point) => point.index === at);
  // One point is no line.
  const alone = points.length === 1 ? points[0] : undefined;
  return (
    <g className={styles[look]}>
      <polyline className={styles.line} points={points.map((point) => `${point.x},${point.y}`).join(" ")} />
      {alone && <circle className={styles.point} cx={alone.x} cy={alone.y} r={3.5} />}
      {shown && <circle className={styles.point} cx={shown.x} cy={shown.y} r={3.5} />}
    </g>
  );
}

type Column<T> = { name: string; cell: (item: T) => string };
type TableProps<T> = { items: T[]; columns: Column<T>[]; label: string; first: string; rowName: (item: T) => string; rowKey: (item: T) => string };

export function FigureTable<T>({ items, columns, label, first, rowName, rowKey }: TableProps<T>) {
  return (
    <div className={styles.tableBox} tabIndex={0} role="group" aria-label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={rowKey(item)}>
              <th scope="row">{rowName(item)}</th>
              {columns.map(({ name, cell }) => (
                <td key={name}>{cell(item)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
