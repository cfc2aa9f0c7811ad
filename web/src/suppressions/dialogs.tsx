/** Putting an address on the list by hand, and taking one off. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { suppressions } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, type Complaint } from "../api/problem";
import type { Suppression, SuppressionInput, SuppressionScope } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { useDomains, useUseCases } from "../domains/queries";
import { looksLikeAddress } from "../format/address";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { ConfirmDialog, Dialog, DialogActions } from "../ui/Dialog";
import { formClass, rowClass, SelectField, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";

type Form = { address: string; scope: SuppressionScope; scopeId: string; detail: string; expires: string };
type Complaints = Partial<Record<keyof Form, string>>;

function complaintsOf(form: Form, now: number): Complaints {
  const found: Complaints = {};
  if (!looksLikeAddress(form.address.trim())) found.address = m.suppressions.addressMissing;
  if (form.scope !== "workspace" && !form.scopeId) found.scopeId = m.suppressions.whichMissing[form.scope];
  if (form.expires && !(new Date(form.expires).getTime() > now)) found.expires = m.suppressions.expiresPast;
  return found;
}

function bodyOf(form: Form): SuppressionInput {
  return {
    address: form.address.trim(),
    scope: form.scope,
    reason: "manual",
    ...(form.scope === "workspace" ? {} : { scopeId: form.scopeId }),
    ...(form.detail.trim() ? { detail: form.detail.trim() } : {}),
    ...(form.expires ? { expiresAt: new Date(form.expires).toISOString() } : {}),
  };
}

export function AddSuppression({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState<Form>({ address: "", scope: "workspace", scopeId: "", detail: "", expires: "" });
  const [complaints, setComplaints] = useState<Complaints>({});
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: (body: SuppressionInput) => suppressions.create(body, idempotencyKey(body)),
    onSuccess: ({ address }) => {
      toast(m.suppressions.created(address));
      void client.invalidateQueries({ queryKey: keys.suppressions });
      onClose();
    },
  });
  const problem = create.error ? asProblem(create.error) : null;
  const formRef = useFirstError(complaints, create.error);
  const set = (change: Partial<Form>) => setForm({ ...form, ...change });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found = complaintsOf(form, Date.now());
    setComplaints(found);
    if (Object.keys(found).length === 0) create.mutate(bodyOf(form));
  };
  return (
    <Dialog title={m.suppressions.create} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.suppressions.createFailed} problem={problem} />}
        <TextField
          label={m.suppressions.address}
          error={complaints.address ?? problem?.field("address")}
          value={form.address}
          type="email"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          onChange={(event) => set({ address: event.target.value })}
        />
        <div className={rowClass}>
          <SelectField
            label={m.suppressions.scope}
            hint={m.suppressions.scopeHint}
            error={problem?.field("scope")}
            value={form.scope}
            onChange={(event) => set({ scope: event.target.value as SuppressionScope, scopeId: "" })}
          >
            {Object.entries(m.suppressions.scopes).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </SelectField>
          {form.scope !== "workspace" && (
            <WhichField
              scope={form.scope}
              value={form.scopeId}
              error={complaints.scopeId ?? problem?.field("scopeId")}
              onChange={(scopeId) => set({ scopeId })}
            />
          )}
        </div>
        <TextField
          label={m.suppressions.detail}
          hint={m.suppressions.detailHint}
          error={problem?.field("detail")}
          optional
          value={form.detail}
          onChange={(event) => set({ detail: event.target.value })}
        />
        <TextField
          label={m.suppressions.expires}
          hint={m.suppressions.expiresHint}
          error={complaints.expires ?? problem?.field("expiresAt")}
          optional
          type="datetime-local"
          value={form.expires}
          onChange={(event) => set({ expires: event.target.value })}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={create.isPending}>
            {create.isPending ? m.suppressions.creating : m.suppressions.createNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

type WhichProps = { scope: "domain" | "useCase"; value: string; error: Complaint | undefined; onChange: (id: string) => void };

function WhichField({ scope, value, error, onChange }: WhichProps) {
  const domains = useDomains();
  const cases = useUseCases();
  const query = scope === "domain" ? domains : cases;
  return (
    <SelectField
      label={m.suppressions.which[scope]}
      hint={query.data?.length === 0 ? m.suppressions.noneToChoose[scope] : undefined}
      error={error}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{m.suppressions.choose}</option>
      {query.data?.map((each) => (
        <option key={each.id} value={each.id}>
          {each.name}
        </option>
      ))}
    </SelectField>
  );
}

export function RemoveSuppression({ suppression, onClose }: { suppression: Suppression; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => suppressions.remove(suppression.id),
    onSuccess: () => {
      toast(m.suppressions.removed(suppression.address));
      onClose();
    },
    // Where it is gone already, the list shows so.
    onSettled: () => void client.invalidateQueries({ queryKey: keys.suppressions }),
  });
  return (
    <ConfirmDialog
      title={m.suppressions.removeTitle(suppression.address)}
      text={m.suppressions.removeText[suppression.reason]}
      action={m.suppressions.remove}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.suppressions.removeFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
