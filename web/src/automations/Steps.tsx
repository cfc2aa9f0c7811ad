/** What was done, or would be, action by action. */

import type { AutomationStep } from "../api/types";
import { m } from "../i18n";
import { Badge, type Tone } from "../ui/bits";
import styles from "./automations.module.css";

const TONES: Record<AutomationStep["outcome"], Tone> = { done: "ok", skipped: "plain", failed: "danger" };

type Props = { steps: AutomationStep[]; wouldBe?: boolean };

export function Steps({ steps, wouldBe }: Props) {
  return (
    <ul className={styles.steps}>
      {steps.map((step, index) => (
        <li key={index}>
          <Badge tone={TONES[step.outcome]}>{wouldBe ? wouldWords(step) : m.automations.outcomes[step.outcome]}</Badge>
          <span>
            {(m.automations.actions as Record<string, string>)[step.type] ?? step.type}
            {step.detail && <span className={styles.detail}>: {detailWords(step.type, step.detail)}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What the server calls by its name in the API; the rest is somebody's own words. */
function detailWords(type: string, detail: string): string {
  const names: Record<string, Record<string, string>> = { setPriority: m.priority.names, setStatus: m.automations.statuses };
  return names[type]?.[detail] ?? detail;
}

function wouldWords(step: AutomationStep): string {
  return step.outcome === "done" ? m.automations.would : m.automations.wouldNot;
}
