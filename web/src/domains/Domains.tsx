/** The list of domains, and the addition of one. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { domains } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Domain, DomainStatus } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { ResourcePage } from "../shell/ResourcePage";
import { Badge, Breakable, type Tone } from "../ui/bits";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { looksLikeDomain, tidyDomain } from "./domainName";
import { useDomains } from "./queries";
import { missingOf, requirementsOf } from "./requirements";

const TONES: Record<DomainStatus, Tone> = { pending: "plain", verified: "ok", failing: "warn", failed: "danger" };

export function DomainBadge({ status }: { status: DomainStatus }) {
  return <Badge tone={TONES[status]}>{m.domains.status[status]}</Badge>;
}

export default function Domains() {
  const list = useDomains();
  const [creating, setCreating] = useState(false);
  const admin = useIsAdmin();
  const create = admin && (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {m.domains.create}
    </Button>
  );
  return (
    <ResourcePage
      texts={admin ? m.domains : { ...m.domains, emptyText: m.domains.readOnly }}
      icon="globe"
      query={list}
      create={create}
      row={(domain) => <DomainRow domain={domain} />}
    >
      {creating && <AddDomain onClose={() => setCreating(false)} />}
    </ResourcePage>
  );
}

function DomainRow({ domain }: { domain: Domain }) {
  const needed = requirementsOf(domain.dnsRecords);
  return (
    <Link href={`/domains/${domain.id}`} className={listStyles.row ?? ""}>
      <span className={listStyles.main}>
        <strong>
          <Breakable text={domain.name} />
        </strong>
        <span className={listStyles.sub}>
          {domain.status === "verified" ? m.domains.added(longTime(domain.createdAt)) : m.domains.recordsFound(needed - missingOf(domain.dnsRecords), needed)}
        </span>
      </span>
      <span className={listStyles.side}>
        <DomainBadge status={domain.status} />
      </span>
    </Link>
  );
}

function AddDomain({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [complaint, setComplaint] = useState<string | null>(null);
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: (body: { name: string }) => domains.create(body, idempotencyKey(body)),
    onSuccess: (domain) => {
      client.setQueryData(keys.domain(domain.id), domain);
      void client.invalidateQueries({ queryKey: keys.domains, exact: true });
      onClose();
      navigate(`/domains/${domain.id}`);
    },
  });
  const formRef = useFirstError(complaint, create.error);
  const problem = create.error ? asProblem(create.error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const tidy = tidyDomain(name);
    const wrong = !looksLikeDomain(tidy);
    setComplaint(wrong ? m.domains.nameMissing : null);
    if (!wrong) create.mutate({ name: tidy });
  };
  return (
    <Dialog title={m.domains.create} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.domains.createFailed} problem={problem} />}
        <TextField
          label={m.domains.name}
          hint={m.domains.nameHint}
          error={complaint ?? problem?.field("name")}
          value={name}
          placeholder="mail.example.com"
          autoComplete="off"
          autoCapitalize="none"
          inputMode="url"
          spellCheck={false}
          autoFocus
          onChange={(event) => setName(event.target.value)}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={create.isPending}>
            {create.isPending ? m.domains.creating : m.domains.createNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
