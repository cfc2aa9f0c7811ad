/** Figures as a file: a link, so that the browser saves what the server answers. */

import { Icon } from "../ui/Icon";
import styles from "./insight.module.css";

export function Export({ query, words }: { query: Record<string, string>; words: string }) {
  const params = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
  return (
    <a className={styles.export} href={`/api/v1/insight/export?${params}`} download>
      <Icon name="sheet" size={16} />
      {words}
    </a>
  );
}
