/** A few choices of which one holds, side by side. */

import { classNames } from "./Button";
import styles from "./Segments.module.css";

type Props<T> = {
  label: string;
  options: readonly { value: T; name: string }[];
  value: T;
  className?: string;
  onChange: (value: T) => void;
};

export function Segments<T extends string | number | boolean>({ label, options, value, className, onChange }: Props<T>) {
  return (
    <div className={classNames(styles.segments, className)} role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={String(option.value)}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.name}
        </button>
      ))}
    </div>
  );
}
