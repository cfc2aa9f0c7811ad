/** What went wrong, in the server's words, and what to do about it. */

import { m } from "../i18n";
import type { Problem } from "../api/problem";
import { Button } from "./Button";
import { Icon } from "./Icon";
import styles from "./ProblemNotice.module.css";

type Props = { title: string; problem: Problem; onRetry?: () => void };

export function ProblemNotice({ title, problem, onRetry }: Props) {
  const listed = problem.fields.filter((field) => field.detail !== problem.message);
  return (
    <div className={styles.notice} role="alert">
      <Icon name="warning" />
      <div>
        <strong>{title}</strong>
        <p>{problem.message}</p>
        {listed.length > 0 && (
          <ul>
            {listed.map((field) => (
              <li key={`${field.pointer} ${field.detail}`}>
                {field.pointer && <code>{field.pointer.replace(/^[#/]+/, "")}</code>} {field.detail}
              </li>
            ))}
          </ul>
        )}
        {problem.advice && <p>{problem.advice}</p>}
        {onRetry && (
          <div className={styles.actions}>
            <Button small onClick={onRetry}>
              {m.retry}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}
