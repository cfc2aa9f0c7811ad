/** How mail comes in: one press chooses and goes on. */

import type { ReactNode } from "react";
import { m } from "../i18n";
import { Icon, type IconName } from "../ui/Icon";
import { StepHeading } from "./StepHeading";
import type { Way } from "./state";
import styles from "./setUp.module.css";

const USUAL: Way[] = ["forwarding", "smtp_imap", "domain"];
const MORE: Way[] = ["sandbox"];
const ICONS: Record<Way, IconName> = { forwarding: "forward", smtp_imap: "mail", domain: "globe", sandbox: "outbox" };

type Props = { chosen: Way | null; focused: boolean; onChoose: (way: Way) => void; children?: ReactNode };

export function ChooseWay({ chosen, focused, onChoose, children }: Props) {
  const card = (way: Way) => (
    <li key={way}>
      <button type="button" className={styles.way} data-chosen={way === chosen || undefined} onClick={() => onChoose(way)}>
        <span className={styles.wayIcon}>
          <Icon name={ICONS[way]} size={20} />
        </span>
        <span className={styles.wayWords}>
          <strong>{m.setUp.ways[way]}</strong>
          <span>{m.setUp.waysText[way]}</span>
          <small>{m.setUp.waysNote[way]}</small>
        </span>
        <Icon name="right" size={16} />
      </button>
    </li>
  );
  return (
    <div className={styles.step}>
      <StepHeading focused={focused} title={m.setUp.chooseTitle} />
      <ul className={styles.ways}>{USUAL.map(card)}</ul>
      <details className={styles.more} open={chosen !== null && MORE.includes(chosen)}>
        <summary>{m.setUp.moreWays}</summary>
        <ul className={styles.ways}>{MORE.map(card)}</ul>
      </details>
      {children}
    </div>
  );
}
