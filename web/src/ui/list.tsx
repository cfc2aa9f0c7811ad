/** The look of the plain lists on the settings-like pages. */

import { Skeleton } from "./bits";
import styles from "./list.module.css";

export const listStyles = styles;

export function ListSkeleton({ rows = 3 }: { rows?: number }) {
  return (
    <div className={styles.skeletons} role="status">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} width={`${70 - index * 12}%`} height={18} />
      ))}
    </div>
  );
}
