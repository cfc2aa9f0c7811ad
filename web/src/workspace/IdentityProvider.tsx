/** Where the workspace's people may sign in with OpenID Connect: set up, tested, turned on and off. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { identityProvider } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { IdentityProvider, IdentityProviderInput, Role } from "../api/types";
import { m } from "../i18n";
import { Card } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { CopyField } from "../ui/bits";
import { Button } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { Choice, formClass, SelectField, TextField } from "../ui/Field";
import { listStyles, ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import styles from "./settings.module.css";

const REDIRECT = "/sign-in/provider/callback";

export function IdentityProviderSection() {
  const found = useQuery({
    queryKey: keys.identityProvider,
    queryFn: async ({ signal }): Promise<IdentityProvider | null> => {
      try {
        return await identityProvider.get(signal);
      } catch (error) {
        if (asProblem(error).status === 404) return null;
        throw error;
      }
    },
  });
  const [beginning, setBeginning] = useState(false);
  if (found.isPending) return <ListSkeleton rows={1} />;
  if (found.data === undefined) {
    return <ProblemNotice title={m.workspaceSettings.failed} problem={asProblem(found.error)} onRetry={() => void found.refetch()} />;
  }
  return (
    <Card>
      <p className={styles.lead}>{m.identityProvider.lead}</p>
      {found.data || beginning ? (
        <ProviderForm key={found.data?.id ?? "new"} provider={found.data} onGone={() => setBeginning(false)} />
      ) : (
        <Button small icon="plus" onClick={() => setBeginning(true)}>
          {m.identityProvider.setUp}
        </Button>
      )}
    </Card>
  );
}

type Form = { name: string; issuer: string; clientId: string; clientSecret: string; domains: string; createsPeople: boolean; role: Role; enabled: boolean };

function formOf(provider: IdentityProvider | null): Form {
  return {
    name: provider?.name ?? "",
    issuer: provider?.issuer ?? "",
    clientId: provider?.clientId ?? "",
    clientSecret: "",
    domains: provider?.emailDomains.join(", ") ?? "",
    createsPeople: provider?.createsPeople ?? false,
    role: provider?.role ?? "agent",
    enabled: provider?.enabled ?? true,
  };
}

function bodyOf(form: Form): IdentityProviderInput {
  return {
    name: form.name.trim(),
    issuer: form.issuer.trim(),
    clientId: form.clientId.trim(),
    ...(form.clientSecret ? { clientSecret: form.clientSecret } : {}),
    emailDomains: form.domains.split(/[\s,]+/).filter(Boolean),
    createsPeople: form.createsPeople,
    role: form.role,
    enabled: form.enabled,
  };
}

function ProviderForm({ provider, onGone }: { provider: IdentityProvider | null; onGone: () => void }) {
  const [form, setForm] = useState(() => formOf(provider));
  const [removing, setRemoving] = useState(false);
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => identityProvider.put(bodyOf(form)),
    onSuccess: (kept) => {
      toast(m.identityProvider.saved);
      client.setQueryData(keys.identityProvider, kept);
      setForm(formOf(kept));
    },
  });
  const test = useMutation({ mutationFn: () => identityProvider.test(bodyOf(form)) });
  const problem = save.error ? asProblem(save.error) : test.error ? asProblem(test.error) : null;
  const formRef = useFirstError(save.error, test.error);
  const set = (change: Partial<Form>) => setForm({ ...form, ...change });
  const text = (name: "name" | "issuer" | "clientId", more: object = {}) => (
    <TextField
      label={m.identityProvider[name]}
      error={problem?.field(name)}
      value={form[name]}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => set({ [name]: event.target.value })}
      {...more}
    />
  );
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    test.reset();
    save.mutate();
  };
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      {problem && <ProblemNotice title={save.error ? m.identityProvider.saveFailed : m.identityProvider.testFailed} problem={problem} />}
      {text("name", { autoFocus: provider === null, hint: m.identityProvider.nameHint })}
      {text("issuer", { hint: m.identityProvider.issuerHint, type: "url" })}
      {text("clientId")}
      <TextField
        label={m.identityProvider.clientSecret}
        hint={provider?.hasClientSecret ? m.identityProvider.secretKept : undefined}
        error={problem?.field("clientSecret")}
        type="password"
        autoComplete="off"
        value={form.clientSecret}
        onChange={(event) => set({ clientSecret: event.target.value })}
      />
      <div>
        <p className={styles.lead}>{m.identityProvider.redirect}</p>
        <CopyField value={`${window.location.origin}${REDIRECT}`} label={m.identityProvider.redirect} />
      </div>
      <TextField
        label={m.identityProvider.domains}
        hint={m.identityProvider.domainsHint}
        error={problem?.field("emailDomains")}
        value={form.domains}
        onChange={(event) => set({ domains: event.target.value })}
      />
      <Choice
        label={m.identityProvider.createsPeople}
        hint={m.identityProvider.createsPeopleHint}
        checked={form.createsPeople}
        onChange={(event) => set({ createsPeople: event.target.checked })}
      />
      {form.createsPeople && (
        <SelectField label={m.identityProvider.role} value={form.role} onChange={(event) => set({ role: event.target.value as Role })}>
          <option value="agent">{m.people.roles.agent}</option>
          <option value="admin">{m.people.roles.admin}</option>
        </SelectField>
      )}
      <Choice label={m.identityProvider.on} checked={form.enabled} onChange={(event) => set({ enabled: event.target.checked })} />
      {test.data && (
        <ul className={styles.steps} role="status">
          {test.data.steps.map((step) => (
            <li key={step.name} data-ok={step.ok}>
              <strong>{step.ok ? "✓" : "✗"}</strong> {step.detail}
              {step.hint && <small>{step.hint}</small>}
            </li>
          ))}
        </ul>
      )}
      <div className={listStyles.actions}>
        {provider ? (
          <Button onClick={() => setRemoving(true)}>{m.identityProvider.remove}</Button>
        ) : (
          <Button onClick={onGone}>{m.cancel}</Button>
        )}
        <Button disabled={test.isPending} onClick={() => test.mutate()}>
          {test.isPending ? m.identityProvider.testing : m.identityProvider.test}
        </Button>
        <Button type="submit" variant="primary" disabled={save.isPending}>
          {m.identityProvider.save}
        </Button>
      </div>
      <UnsavedDialog unsaved={JSON.stringify(form) !== JSON.stringify(formOf(provider))} />
      {removing && (
        <RemoveDialog
          onClose={() => setRemoving(false)}
          onRemoved={() => {
            client.setQueryData(keys.identityProvider, null);
            onGone();
          }}
        />
      )}
    </form>
  );
}

function RemoveDialog({ onClose, onRemoved }: { onClose: () => void; onRemoved: () => void }) {
  const remove = useMutation({
    mutationFn: () => identityProvider.remove(),
    onSuccess: () => {
      toast(m.identityProvider.removed);
      onClose();
      onRemoved();
    },
  });
  return (
    <ConfirmDialog
      title={m.identityProvider.removeTitle}
      text={m.identityProvider.removeText}
      action={m.identityProvider.remove}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.identityProvider.removeFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
