/** A policy, new or as it is to be: its name, its times, and what it is for. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { slaPolicies } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, type Complaint } from "../api/problem";
import type { SlaPolicy, SlaPolicyInput } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { useChannels, useTeams } from "../conversations/queries";
import { PRIORITIES } from "../conversations/filter";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { Choice, ComplaintText, FieldGroup, formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { bodyOf, complaintsOf, formOf, UNITS, type PolicyForm, type TimeForm, type Unit } from "./form";
import { TIMERS, type TimerName } from "./remaining";
import styles from "./sla.module.css";

export function PolicyDialog({ policy, onClose }: { policy: SlaPolicy | null; onClose: () => void }) {
  const [form, setForm] = useState(() => formOf(policy));
  const [complaints, setComplaints] = useState<Record<string, string>>({});
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const save = useMutation({
    mutationFn: (body: SlaPolicyInput) =>
      policy ? slaPolicies.change(policy.id, body) : slaPolicies.create(body, idempotencyKey(body)),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.slaPolicies });
      onClose();
    },
  });
  const formRef = useFirstError(complaints, save.error);
  const set = (change: Partial<PolicyForm>) => setForm({ ...form, ...change });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found = complaintsOf(form);
    setComplaints(found);
    if (Object.keys(found).length === 0) save.mutate(bodyOf(form));
  };
  const problem = save.error ? asProblem(save.error) : null;
  return (
    <Dialog title={policy ? m.sla.editTitle(policy.name) : m.sla.create} onClose={onClose} wide>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.sla.saveFailed} problem={problem} />}
        <TextField
          label={m.sla.name}
          hint={m.sla.nameHint}
          error={complaints["name"] ?? problem?.field("name")}
          value={form.name}
          autoComplete="off"
          autoFocus
          onChange={(event) => set({ name: event.target.value })}
        />
        <FieldGroup legend={m.sla.times}>
          {TIMERS.map((timer) => (
            <Time
              key={timer}
              timer={timer}
              time={form.times[timer]}
              error={complaints[timer] ?? problem?.field(`${timer}Seconds`)}
              onChange={(time) => set({ times: { ...form.times, [timer]: time } })}
            />
          ))}
        </FieldGroup>
        <Choice
          label={m.sla.hoursOnly}
          hint={m.sla.hoursOnlyHint}
          checked={form.businessHoursOnly}
          onChange={(event) => set({ businessHoursOnly: event.target.checked })}
        />
        <Scope form={form} set={set} />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={save.isPending}>
            {policy ? m.save : m.sla.createNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

type TimeProps = { timer: TimerName; time: TimeForm; error: Complaint | undefined; onChange: (time: TimeForm) => void };

function Time({ timer, time, error, onChange }: TimeProps) {
  const name = m.sla.timers[timer];
  const described = `${timer}-wrong`;
  return (
    <div className={styles.time}>
      <span className={styles.what}>
        {name}
        <small>{m.sla.timerHints[timer]}</small>
      </span>
      <input
        className={styles.input}
        type="number"
        inputMode="numeric"
        min={1}
        step={1}
        placeholder={m.sla.noTime}
        aria-label={m.sla.amount(name)}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? described : undefined}
        value={time.amount}
        onChange={(event) => onChange({ ...time, amount: event.target.value })}
      />
      <select
        className={styles.input}
        aria-label={m.sla.unit(name)}
        value={time.unit}
        onChange={(event) => onChange({ ...time, unit: event.target.value as Unit })}
      >
        {(Object.keys(UNITS) as Unit[]).map((unit) => (
          <option key={unit} value={unit}>
            {m.sla.units[unit]}
          </option>
        ))}
      </select>
      {error && (
        <span id={described} className={styles.wrong}>
          <ComplaintText complaint={error} />
        </span>
      )}
    </div>
  );
}

type ScopeProps = { form: PolicyForm; set: (change: Partial<PolicyForm>) => void };

/** Where there is nothing to choose between, nothing is asked. */
function Scope({ form, set }: ScopeProps) {
  const channels = useChannels().data ?? [];
  const teams = useTeams().data ?? [];
  const toggled = <T extends string>(ids: T[], id: T, on: boolean): T[] => (on ? [...ids, id] : ids.filter((each) => each !== id));
  return (
    <>
      {channels.length > 1 && (
        <FieldGroup legend={m.sla.channels}>
          <p className={styles.note}>{m.sla.everyChannel}</p>
          <div className={styles.choices} tabIndex={0} role="group" aria-label={m.sla.channels}>
            {channels.map(({ id, name }) => (
              <Choice
                key={id}
                label={name}
                checked={form.channelIds.includes(id)}
                onChange={(event) => set({ channelIds: toggled(form.channelIds, id, event.target.checked) })}
              />
            ))}
          </div>
        </FieldGroup>
      )}
      {teams.length > 0 && (
        <FieldGroup legend={m.sla.teams}>
          <p className={styles.note}>{m.sla.everyTeam}</p>
          <div className={styles.choices} tabIndex={0} role="group" aria-label={m.sla.teams}>
            {teams.map(({ id, name }) => (
              <Choice
                key={id}
                label={name}
                checked={form.teamIds.includes(id)}
                onChange={(event) => set({ teamIds: toggled(form.teamIds, id, event.target.checked) })}
              />
            ))}
          </div>
        </FieldGroup>
      )}
      <FieldGroup legend={m.priority.title}>
        <p className={styles.note}>{m.sla.everyPriority}</p>
        <div className={styles.choices} tabIndex={0} role="group" aria-label={m.priority.title}>
          {PRIORITIES.map((priority) => (
            <Choice
              key={priority}
              label={m.priority.names[priority]}
              checked={form.priorities.includes(priority)}
              onChange={(event) => set({ priorities: toggled(form.priorities, priority, event.target.checked) })}
            />
          ))}
        </div>
      </FieldGroup>
    </>
  );
}
