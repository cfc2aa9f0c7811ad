/** A use case's fields. Owns what must be filled in; the server says the rest. */

import { useState, type FormEvent } from "react";
import { asProblem } from "../api/problem";
import type { UseCase, UseCaseInput } from "../api/types";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { DialogActions } from "../ui/Dialog";
import { Choice, FieldGroup, formClass, TextArea, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";

export type UseCaseFields = Required<Omit<UseCaseInput, "domainId" | "description">> & { description: string };

type Props = {
  domainName: string;
  useCase?: UseCase;
  action: string;
  busy: boolean;
  error: unknown;
  errorTitle: string;
  onSubmit: (fields: UseCaseFields) => void;
  onClose: () => void;
};

type Complaints = Partial<Record<"name" | "entityName" | "senderAddress", string>>;

function complaintsOf(fields: UseCaseFields, domainName: string): Complaints {
  const found: Complaints = {};
  if (!fields.name) found.name = m.useCases.nameMissing;
  if (!fields.entityName) found.entityName = m.useCases.entityNameMissing;
  if (!/^[^\s@]+@[^\s@]+$/.test(fields.senderAddress)) found.senderAddress = m.useCases.senderAddressMissing(domainName);
  return found;
}

export function UseCaseForm({ domainName, useCase, action, busy, error, errorTitle, onSubmit, onClose }: Props) {
  const [form, setForm] = useState<UseCaseFields>({
    name: useCase?.name ?? "",
    entityName: useCase?.entityName ?? "",
    senderAddress: useCase?.senderAddress ?? `@${domainName}`,
    emailType: useCase?.emailType ?? "transactional",
    unsubscribable: useCase?.unsubscribable ?? true,
    description: useCase?.description ?? "",
  });
  const [complaints, setComplaints] = useState<Complaints>({});
  const problem = error == null ? null : asProblem(error);
  const formRef = useFirstError(complaints, error);
  const set = (change: Partial<UseCaseFields>) => setForm({ ...form, ...change });
  const isMarketing = form.emailType === "marketing";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const fields: UseCaseFields = {
      ...form,
      name: form.name.trim(),
      entityName: form.entityName.trim(),
      senderAddress: form.senderAddress.trim(),
      description: form.description.trim(),
      unsubscribable: isMarketing || form.unsubscribable,
    };
    const found = complaintsOf(fields, domainName);
    setComplaints(found);
    if (Object.keys(found).length === 0) onSubmit(fields);
  };

  return (
    <form ref={formRef} className={formClass} onSubmit={submit} noValidate>
      {problem && <ProblemNotice title={errorTitle} problem={problem} />}
      <TextField
        label={m.useCases.name}
        hint={m.useCases.nameHint}
        error={complaints.name ?? problem?.field("name")}
        value={form.name}
        autoFocus
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextField
        label={m.useCases.entityName}
        hint={m.useCases.entityNameHint}
        error={complaints.entityName ?? problem?.field("entityName")}
        value={form.entityName}
        autoComplete="organization"
        onChange={(event) => set({ entityName: event.target.value })}
      />
      <TextField
        label={m.useCases.senderAddress}
        hint={m.useCases.senderAddressHint(domainName)}
        error={complaints.senderAddress ?? problem?.field("senderAddress")}
        value={form.senderAddress}
        type="text"
        inputMode="email"
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        // The domain is there already: what is typed goes before it.
        onFocus={(event) => form.senderAddress.startsWith("@") && event.target.setSelectionRange(0, 0)}
        onChange={(event) => set({ senderAddress: event.target.value })}
      />
      <FieldGroup legend={m.useCases.emailType} error={problem?.field("emailType")}>
        {(["transactional", "marketing"] as const).map((each) => (
          <Choice
            key={each}
            type="radio"
            name="emailType"
            label={m.useCases.emailTypes[each]}
            checked={form.emailType === each}
            onChange={() => set({ emailType: each })}
          />
        ))}
      </FieldGroup>
      <Choice
        label={m.useCases.unsubscribable}
        hint={isMarketing ? m.useCases.unsubscribableMarketing : m.useCases.unsubscribableHint}
        checked={isMarketing || form.unsubscribable !== false}
        disabled={isMarketing}
        onChange={(event) => set({ unsubscribable: event.target.checked })}
      />
      <TextArea
        label={m.useCases.description}
        error={problem?.field("description")}
        optional
        value={form.description}
        onChange={(event) => set({ description: event.target.value })}
      />
      <DialogActions>
        <Button onClick={onClose}>{m.cancel}</Button>
        <Button type="submit" variant="primary" disabled={busy}>
          {action}
        </Button>
      </DialogActions>
    </form>
  );
}
