/** What went wrong, in the server's words, and what to do about it. */

import { sentence } from "../format/text";
import { m } from "../i18n";
import type { Problem } from "../api/problem";
import { Button } from "./Button";
import { Icon } from "./Icon";
import styles from "./ProblemNotice.module.css";

/** `/url: that is no URL` reads better without the pointer; the field itself shows it too. */
function readable(problem: Problem): string {
  const [field] = problem.fields;
  return sentence(field && problem.message.startsWith(`${field.pointer}: `) ? field.detail : problem.message);
}

/** `advice`: what to do, where that is known better than from the kind of failure. */
type Props = { title: string; problem: Problem; advice?: string; onRetry?: () => void };

export function ProblemNotice({ title, problem, advice = problem.advice, onRetry }: Props) {
  // The summary is the first complaint; with several, the list says it all.
  const listed = problem.fields.length > 1 ? problem.fields : [];
  return (
    <div className={styles.notice} role="alert">
      <Icon name="warning" />
      <div>
        <strong>{title}</strong>
        {listed.length === 0 && <p lang={problem.language}>{readable(problem)}</p>}
        {listed.length > 0 && (
          <ul lang={problem.language}>
            {listed.map((field) => (
              <li key={`${field.pointer} ${field.detail}`}>
                {field.pointer && <code>{field.pointer.replace(/^[#/]+/, "")}</code>} {field.detail}
              </li>
            ))}
          </ul>
        )}
        {advice && <p>{advice}</p>}
        {problem.requestId && (
          <p>
            {m.errors.requestId} <code>{problem.requestId}</code>
          </p>
        )}
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
