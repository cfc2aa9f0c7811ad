/** Which steps there are, and which of them one is at. */

import { m } from "../i18n";
import { Icon } from "../ui/Icon";
import { stepsOf, type SetUp } from "./state";
import styles from "./setUp.module.css";

export function Progress({ setUp, arrived }: { setUp: SetUp; arrived?: boolean }) {
  const steps = stepsOf(setUp.way);
  const at = arrived ? steps.length : steps.indexOf(setUp.step);
  return (
    <ol className={styles.progress} aria-label={m.setUp.progress}>
      {steps.map((step, index) => (
        <li key={step} aria-current={index === at ? "step" : undefined} data-done={index < at || undefined}>
          <span className={styles.number} aria-hidden="true">
            {index < at ? <Icon name="check" size={13} /> : index + 1}
          </span>
          <span className={styles.stepName}>{m.setUp.steps[step]}</span>
          {index < at && <span className="visually-hidden"> ({m.setUp.stepDone})</span>}
        </li>
      ))}
    </ol>
  );
}
