/** The DNS records of a domain that is to receive: shown, looked for, and gone on from when they are there. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { domains } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, type Problem } from "../api/problem";
import type { Domain } from "../api/types";
import { Records } from "../domains/Records";
import { missingOf } from "../domains/requirements";
import { sentence } from "../format/text";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toastProblem } from "../ui/toast";
import { StepHeading } from "./StepHeading";
import styles from "./setUp.module.css";

/** The server looks by itself and tells when it found everything; single records come without an event. */
const POLL_MS = 10_000;

type Props = {
  domainId: string;
  focused: boolean;
  busy: boolean;
  problem: Problem | null;
  onBack: () => void;
  onNext: () => void;
};

export function RecordsStep({ domainId, onBack, ...rest }: Props) {
  const domain = useQuery({
    queryKey: keys.domain(domainId),
    queryFn: ({ signal }) => domains.get(domainId, signal),
    refetchInterval: (query) => (query.state.data && isReady(query.state.data) ? false : POLL_MS),
  });
  if (domain.isPending) return <ListSkeleton rows={4} />;
  if (!domain.data) {
    return (
      <div className={styles.step}>
        <ProblemNotice title={m.domains.oneFailed} problem={asProblem(domain.error)} onRetry={() => void domain.refetch()} />
        <div className={styles.buttons}>
          <Button onClick={onBack}>{m.back}</Button>
        </div>
      </div>
    );
  }
  return <Publishing domain={domain.data} onBack={onBack} {...rest} />;
}

const receives = (domain: Domain) => domain.dnsRecords.some((record) => record.purpose === "mx" && record.status === "verified");
const isReady = (domain: Domain) => domain.status === "verified" && receives(domain);

function Publishing({ domain, focused, busy, problem, onBack, onNext }: Omit<Props, "domainId"> & { domain: Domain }) {
  const client = useQueryClient();
  const verify = useMutation({
    mutationFn: () => domains.verify(domain.id),
    onSuccess: (checked) => client.setQueryData(keys.domain(domain.id), checked),
    onError: (error) => toastProblem(m.domains.checkFailed, error),
  });
  // What brings the mail in comes first: it is what one is here for.
  const needed = domain.dnsRecords
    .filter((record) => record.required || record.purpose === "mx")
    .toSorted((a, b) => Number(b.purpose === "mx") - Number(a.purpose === "mx"));
  const others = domain.dnsRecords.filter((record) => !needed.includes(record) && record.purpose !== "delegation");
  const verified = domain.status === "verified";
  return (
    <div className={styles.step}>
      <div>
        <StepHeading focused={focused} title={m.setUp.recordsTitle(domain.name)} text={m.setUp.recordsText} />
      </div>
      {problem && <ProblemNotice title={m.setUp.useCaseFailed} problem={problem} />}
      <p className={styles.note}>
        <Icon name="info" size={16} />
        {m.setUp.mxWarning}
      </p>
      <Records records={needed} />
      {others.length > 0 && (
        <details className={styles.more}>
          <summary>{m.setUp.recordsMore}</summary>
          <Records records={others} />
        </details>
      )}
      <div className={styles.found} role="status" data-ready={isReady(domain) || undefined}>
        <Icon name={isReady(domain) ? "check" : "clock"} size={17} />
        <span>
          {verified ? m.setUp.recordsVerified : m.setUp.recordsMissing(Math.max(1, missingOf(domain.dnsRecords)))}{" "}
          {!receives(domain) && m.setUp.mxMissing} {!verified && domain.problem && sentence(domain.problem)}
        </span>
      </div>
      <div className={styles.buttons}>
        <Button onClick={onBack}>{m.back}</Button>
        <span className={styles.pair}>
          <Button icon="reopen" variant={isReady(domain) ? "default" : "primary"} disabled={verify.isPending} onClick={() => verify.mutate()}>
            {verify.isPending ? m.domains.checking : m.domains.checkNow}
          </Button>
          {verified && (
            <Button variant={isReady(domain) ? "primary" : "default"} disabled={busy} onClick={onNext}>
              {m.channels.next}
            </Button>
          )}
        </span>
      </div>
    </div>
  );
}
