import { number } from "../analytics/figures";
import type { BroadcastProgress } from "../api/types";
import { m } from "../i18n";
import { classNames } from "../ui/Button";
import styles from "./broadcasts.module.css";
import { partsOf, throughOf } from "./progress";

/** How many messages of a broadcast are through, and how they fared. */
export function ProgressBar({ progress, large }: { progress: BroadcastProgress; large?: boolean }) {
  const through = throughOf(progress);
  return (
    <div
      className={classNames(styles.bar, large && styles.large)}
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={progress.total}
      aria-valuenow={through}
      aria-label={m.broadcasts.progress(number(through), number(progress.total))}
    >
      {partsOf(progress).map(({ name, count }) => (
        <span key={name} className={styles[name]} style={{ width: `${(count / progress.total) * 100}%` }} />
      ))}
    </div>
  );
}
