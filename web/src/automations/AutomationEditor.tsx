/** An automation in three steps: when, if, then. With a dry run beside it, and the log of one that is kept. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { automations } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, type Complaint } from "../api/problem";
import type { Automation, AutomationTrigger } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { m } from "../i18n";
import { leaveFreely } from "../shell/leaving";
import { Page } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Button } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { Choice, formClass, SelectField, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { ActionRows } from "./ActionRows";
import styles from "./automations.module.css";
import { ConditionRows } from "./ConditionRows";
import { DryRun } from "./DryRun";
import { bodyOf, changeOf, complaintsOf, ruleComplaints, TRIGGERS, type AutomationForm, type Complaints } from "./form";
import { Log } from "./Log";
import { useMayChange } from "./queries";

const UP = { href: "/automations", label: m.automations.title };

type Props = {
  begun: AutomationForm;
  /** The one that is changed; none where one is made. */
  existing?: Automation;
};

export function AutomationEditor({ begun, existing }: Props) {
  const [saved, setSaved] = useState(begun);
  const [form, setForm] = useState(begun);
  const [complaints, setComplaints] = useState<Complaints>({});
  const [deleting, setDeleting] = useState(false);
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const mayChange = useMayChange();
  const save = useMutation({
    mutationFn: () => {
      if (existing) return automations.change(existing.id, changeOf(form));
      const body = bodyOf(form);
      return automations.create(body, idempotencyKey(body));
    },
    onSuccess: (automation) => {
      toast(m.automations.saved);
      client.setQueryData(keys.automation(automation.id), automation);
      void client.invalidateQueries({ queryKey: keys.automations, exact: true });
      if (existing) setSaved(form);
      else leaveFreely(() => navigate(`/automations/${automation.id}`, { replace: true }));
    },
  });
  const problem = save.error ? asProblem(save.error) : null;
  const formRef = useFirstError(complaints, save.error);
  const check = (find: (form: AutomationForm) => Complaints, next: () => void) => {
    const found = find(form);
    setComplaints(found);
    if (Object.keys(found).length === 0) next();
  };
  const set = (change: Partial<AutomationForm>) => setForm({ ...form, ...change });
  const complaintOf = (pointer: string) => complaints[pointer] ?? problem?.field(pointer);
  return (
    <Page
      title={existing ? existing.name : m.automations.create}
      up={UP}
      lead={existing && !existing.enabled ? m.automations.isOff : undefined}
      actions={
        existing &&
        mayChange && (
          <Button icon="trash" onClick={() => setDeleting(true)}>
            {m.automations.delete}
          </Button>
        )
      }
    >
      <form
        ref={formRef}
        className={formClass}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (mayChange) check(complaintsOf, () => save.mutate());
        }}
      >
        {problem && <ProblemNotice title={m.automations.createFailed} problem={problem} />}
        <TextField
          label={m.automations.name}
          hint={m.automations.nameHint}
          error={complaintOf("name")}
          autoComplete="off"
          value={form.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <Step title={m.automations.when}>
          <When form={form} complaintOf={complaintOf} onChange={set} />
        </Step>
        <Step title={m.automations.if}>
          <ConditionRows form={form} complaintOf={complaintOf} onChange={set} />
        </Step>
        <Step title={m.automations.then}>
          <ActionRows actions={form.actions} complaintOf={complaintOf} onChange={(actions) => set({ actions })} />
          <Choice label={m.automations.stopAfter} checked={form.stopAfter} onChange={(event) => set({ stopAfter: event.target.checked })} />
        </Step>
        {mayChange ? (
          <div className={styles.submit}>
            <Button type="submit" variant="primary" disabled={save.isPending}>
              {save.isPending ? m.automations.saving : m.automations.save}
            </Button>
            <Choice label={m.automations.on} checked={form.enabled} onChange={(event) => set({ enabled: event.target.checked })} />
          </div>
        ) : (
          <p className={styles.lead}>{m.automations.mayNot}</p>
        )}
      </form>
      <DryRun form={form} check={(next) => check(ruleComplaints, next)} />
      {existing && <Log id={existing.id} />}
      <UnsavedDialog unsaved={mayChange && form !== saved} />
      {deleting && existing && <DeleteDialog automation={existing} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

function Step({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.step} aria-label={title}>
      <h2 className={styles.word}>{title}</h2>
      <div className={styles.body}>{children}</div>
    </section>
  );
}

type WhenProps = { form: AutomationForm; complaintOf: (pointer: string) => Complaint | undefined; onChange: (change: Partial<AutomationForm>) => void };

function When({ form, complaintOf, onChange }: WhenProps) {
  return (
    <div className={styles.fields}>
      <SelectField
        label={m.automations.trigger}
        error={complaintOf("trigger")}
        value={form.trigger}
        onChange={(event) => onChange({ trigger: event.target.value as AutomationTrigger })}
      >
        {TRIGGERS.map((trigger) => (
          <option key={trigger} value={trigger}>
            {m.automations.triggers[trigger]}
          </option>
        ))}
      </SelectField>
      {form.trigger === "conversation.idle" && (
        <TextField
          label={m.automations.idleMinutes}
          hint={m.automations.idleHint}
          error={complaintOf("idleMinutes")}
          inputMode="numeric"
          value={form.idleMinutes}
          onChange={(event) => onChange({ idleMinutes: event.target.value })}
        />
      )}
    </div>
  );
}

function DeleteDialog({ automation, onClose }: { automation: Automation; onClose: () => void }) {
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => automations.remove(automation.id),
    onSuccess: () => {
      toast(m.automations.deleted);
      leaveFreely(() => navigate("/automations"));
      void client.invalidateQueries({ queryKey: keys.automations, exact: true });
    },
  });
  return (
    <ConfirmDialog
      title={m.automations.deleteTitle(automation.name)}
      text={m.automations.deleteText}
      action={m.automations.delete}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.automations.deleteFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
