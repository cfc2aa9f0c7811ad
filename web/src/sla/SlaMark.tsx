/** How long a conversation's next timer has, as a mark in the list and at its head. */

import type { Conversation } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Badge } from "../ui/bits";
import { remainingOf } from "./remaining";
import styles from "./SlaMark.module.css";

type Props = { conversation: Conversation; now: Date; long?: boolean };

export function SlaMark({ conversation, now, long }: Props) {
  const remaining = remainingOf(conversation, now);
  if (!remaining) return null;
  return (
    <span className={styles.mark} title={m.sla.dueAt(m.sla.timers[remaining.timer], longTime(remaining.dueAt))}>
      <Badge tone={remaining.tone} icon="clock">
        {long ? remaining.long : remaining.short}
      </Badge>
    </span>
  );
}
