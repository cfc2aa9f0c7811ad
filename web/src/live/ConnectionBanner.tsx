import { useEffect, useState } from "react";
import { m } from "../i18n";
import { Icon } from "../ui/Icon";
import type { StreamState } from "./stream";
import { useOnline } from "./useLive";
import styles from "./ConnectionBanner.module.css";

/** A reconnect that takes less is nobody's concern. */
const PATIENCE_MS = 2_500;

export function ConnectionBanner({ state }: { state: StreamState }) {
  const online = useOnline();
  const [late, setLate] = useState(false);
  const broken = state === "interrupted";
  useEffect(() => {
    if (!broken) {
      setLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [broken]);

  const text = online ? (late ? m.connection.reconnecting : null) : m.connection.offline;
  return (
    <div role="status" aria-live="polite">
      {text && (
        <div className={styles.banner}>
          <Icon name="warning" size={16} />
          {text}
        </div>
      )}
    </div>
  );
}
