/** One domain: its status, its DNS records, a look at it as receivers have, and what it is used for. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { domains } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Domain } from "../api/types";
import { sentence } from "../format/text";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Page, Section } from "../shell/Page";
import { Button } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { Gone } from "../ui/Gone";
import { Icon, type IconName } from "../ui/Icon";
import { ListSkeleton, listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { Doctor } from "./Doctor";
import { missingOf } from "./requirements";
import { DomainBadge } from "./Domains";
import { Records } from "./Records";
import { UseCases } from "./UseCases";
import styles from "./domains.module.css";

/** The server looks by itself and tells when it found everything; single records come without an event. */
const POLL_MS = 10_000;
const UP = { href: "/domains", label: m.domains.title };
const STATUS_ICONS: Record<Domain["status"], IconName> = {
  pending: "clock",
  verified: "check",
  failing: "warning",
  failed: "warning",
};

export default function DomainDetail({ id }: { id: string }) {
  const domain = useQuery({
    queryKey: keys.domain(id),
    queryFn: ({ signal }) => domains.get(id, signal),
    refetchInterval: (query) => (query.state.data && query.state.data.status !== "verified" ? POLL_MS : false),
  });
  if (domain.isPending) {
    return (
      <Page title={m.loading} up={UP}>
        <ListSkeleton rows={5} />
      </Page>
    );
  }
  if (domain.isError && !domain.data) {
    const problem = asProblem(domain.error);
    if (problem.status === 404) return <Gone title={m.domains.notFound} back={{ href: UP.href, label: m.domains.back }} />;
    return (
      <Page title={m.domains.title} up={UP}>
        <ProblemNotice title={m.domains.oneFailed} problem={problem} onRetry={() => void domain.refetch()} />
      </Page>
    );
  }
  return <Detail domain={domain.data} />;
}

function useSaved() {
  const client = useQueryClient();
  return (saved: Domain) => {
    client.setQueryData(keys.domain(saved.id), saved);
    void client.invalidateQueries({ queryKey: keys.domains, exact: true });
  };
}

function Detail({ domain }: { domain: Domain }) {
  const [asking, setAsking] = useState<"delete" | "rotate" | null>(null);
  const admin = useIsAdmin();
  const saved = useSaved();
  const close = () => setAsking(null);
  const delegation = domain.dnsRecords.filter((record) => record.purpose === "delegation");
  const records = domain.dnsRecords.filter((record) => record.purpose !== "delegation");
  const verify = useMutation({
    mutationFn: () => domains.verify(domain.id),
    onSuccess: (checked) => {
      saved(checked);
      toast(resultInWords(checked));
    },
    onError: (error) => toastProblem(m.domains.checkFailed, error),
  });
  return (
    <Page
      title={domain.name}
      up={UP}
      lead={<DomainBadge status={domain.status} />}
      actions={
        admin && (
          <Button
            variant={domain.status === "verified" ? "default" : "primary"}
            icon="reopen"
            disabled={verify.isPending}
            onClick={() => verify.mutate()}
          >
            {verify.isPending ? m.domains.checking : m.domains.checkNow}
          </Button>
        )
      }
    >
      <div className={styles.status} data-status={domain.status}>
        <Icon name={STATUS_ICONS[domain.status]} />
        <div>
          <p role="status">{m.domains.statusText[domain.status]}</p>
          {domain.problem && <p className={styles.problem}>{sentence(domain.problem)}</p>}
          <p className={styles.when}>
            {domain.checkedAt ? m.domains.lastChecked(longTime(domain.checkedAt)) : m.domains.neverChecked}
          </p>
        </div>
      </div>
      {delegation.length > 0 && (
        <Section title={m.domains.delegation}>
          <p className="muted">{m.domains.delegationText}</p>
          <Records records={delegation} />
        </Section>
      )}
      <Section title={m.domains.records}>
        <Records records={records} />
      </Section>
      <Section title={m.domains.doctor}>
        <Doctor domainId={domain.id} />
      </Section>
      <Section title={m.useCases.title}>
        <UseCases domain={domain} />
      </Section>
      {admin ? (
        <div className={`${listStyles.actions} ${styles.foot}`}>
          <Button small icon="key" onClick={() => setAsking("rotate")}>
            {m.domains.rotate}
          </Button>
          <Button small icon="trash" onClick={() => setAsking("delete")}>
            {m.domains.delete}
          </Button>
        </div>
      ) : (
        <p className="muted small">{m.domains.readOnly}</p>
      )}
      {asking === "rotate" && <RotateDialog domain={domain} onClose={close} />}
      {asking === "delete" && <DeleteDialog domain={domain} onClose={close} />}
    </Page>
  );
}

function resultInWords(domain: Domain): string {
  if (domain.status === "verified") return m.domains.checkedVerified;
  return m.domains.checkedMissing(missingOf(domain.dnsRecords));
}

type DialogProps = { domain: Domain; onClose: () => void };

function RotateDialog({ domain, onClose }: DialogProps) {
  const saved = useSaved();
  const rotate = useMutation({
    mutationFn: () => domains.rotateDkim(domain.id),
    onSuccess: (rotated) => {
      saved(rotated);
      toast(m.domains.rotated);
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={m.domains.rotateTitle}
      text={m.domains.rotateText}
      action={m.domains.rotate}
      busy={rotate.isPending}
      error={rotate.error}
      errorTitle={m.domains.rotateFailed}
      onConfirm={() => rotate.mutate()}
      onClose={onClose}
    />
  );
}

function DeleteDialog({ domain, onClose }: DialogProps) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => domains.remove(domain.id),
    onSuccess: () => {
      toast(m.domains.deleted);
      navigate("/domains");
      client.removeQueries({ queryKey: keys.domain(domain.id) });
      void client.invalidateQueries({ queryKey: keys.domains });
    },
  });
  const inUse = remove.error !== null && asProblem(remove.error).status === 409;
  return (
    <ConfirmDialog
      title={m.domains.deleteTitle(domain.name)}
      text={inUse ? m.domains.deleteConflict : m.domains.deleteText}
      action={m.domains.delete}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.domains.deleteFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
