/** A domain as receivers see it, looked at when somebody asks. */

import { useQuery } from "@tanstack/react-query";
import { domains } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { DomainCheck } from "../api/types";
import { sentence } from "../format/text";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./domains.module.css";

export function Doctor({ domainId }: { domainId: string }) {
  const examination = useQuery({
    queryKey: keys.examination(domainId),
    queryFn: ({ signal }) => domains.examine(domainId, signal),
    enabled: false,
    retry: false,
  });
  const checks = examination.data?.checks ?? [];
  const bad = checks.filter((check) => !check.ok);
  // What needs a look comes first.
  const sorted = [...bad, ...checks.filter((check) => check.ok)];
  return (
    <div className={styles.doctor}>
      <p className="muted">{m.domains.doctorText}</p>
      <Button icon="bolt" disabled={examination.isFetching} onClick={() => void examination.refetch()}>
        {examination.isFetching ? m.domains.examining : examination.data ? m.domains.examineAgain : m.domains.examine}
      </Button>
      {examination.isError && <ProblemNotice title={m.domains.examineFailed} problem={asProblem(examination.error)} />}
      <div role="status">
        {examination.data && (
          <p className={bad.length === 0 ? styles.good : styles.bad}>
            {bad.length === 0 ? m.domains.examinedOk : m.domains.examinedBad(bad.length)}
          </p>
        )}
      </div>
      {sorted.length > 0 && (
        <ul className={styles.checks}>
          {sorted.map((check, index) => (
            <li key={`${check.name} ${index}`}>
              <Check check={check} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Check({ check }: { check: DomainCheck }) {
  const about = m.domains.checkText[check.name.split(/[ .]/)[0] ?? ""];
  return (
    <>
      <span className={check.ok ? styles.good : styles.bad}>
        <Icon name={check.ok ? "check" : "close"} size={16} />
      </span>
      <span className={styles.checkWords}>
        <span className="visually-hidden">{check.ok ? m.domains.passes : m.domains.fails} </span>
        <strong>{check.name}</strong> {about && <span className="muted small">{about}</span>}
        <span className={styles.checkDetail}>{sentence(check.detail)}</span>
        {check.hint && <span className={styles.hint}>{sentence(check.hint)}</span>}
      </span>
    </>
  );
}
