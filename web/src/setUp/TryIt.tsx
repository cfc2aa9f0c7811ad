/** Lines for a terminal that bring a mail into a channel. */

import { commandLines } from "../channels/commandLines";
import type { Channel } from "../api/types";
import { m } from "../i18n";
import { CopyField } from "../ui/bits";
import styles from "./setUp.module.css";

export function TryIt({ channel }: { channel: Channel }) {
  const lines = commandLines(channel, window.location);
  return (
    <details className={styles.more}>
      <summary>{m.setUp.fromTerminal}</summary>
      <div className={styles.step}>
        <h3>{m.start.bySmtp}</h3>
        <CopyField value={lines.smtp} label={m.start.bySmtp} />
        <h3>{m.start.byHttp}</h3>
        <CopyField value={lines.http} label={m.start.byHttp} />
      </div>
    </details>
  );
}
