/** A team, new or as it is to be: its name, how it hands out what it is given, and its members. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { teams } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, type Complaint } from "../api/problem";
import type { Assignment, Team, TeamInput, User } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { useUsers } from "../conversations/queries";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { Choice, FieldGroup, formClass, TextField } from "../ui/Field";
import { narrow } from "../ui/Picker";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { nameOf } from "./changes";
import styles from "./people.module.css";

const ASSIGNMENTS = Object.keys(m.teams.assignments) as Assignment[];
/** With more people than this there is a field that narrows the list. */
const PEOPLE_AT_A_GLANCE = 8;

export function TeamDialog({ team, onClose }: { team: Team | null; onClose: () => void }) {
  const [name, setName] = useState(team?.name ?? "");
  const [assignment, setAssignment] = useState<Assignment>(team?.assignment ?? "manual");
  const [memberIds, setMemberIds] = useState(team?.memberIds ?? []);
  const [complaint, setComplaint] = useState<string | null>(null);
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const save = useMutation({
    mutationFn: (body: TeamInput) => (team ? teams.patch(team.id, body) : teams.create(body, idempotencyKey(body))),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.teams });
      onClose();
    },
  });
  const formRef = useFirstError(complaint, save.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    setComplaint(name.trim() ? null : m.teams.nameMissing);
    if (name.trim()) save.mutate({ name: name.trim(), assignment, memberIds });
  };
  const problem = save.error ? asProblem(save.error) : null;
  const busyWord = team ? m.teams.saving : m.teams.creating;
  return (
    <Dialog title={team ? m.teams.editTitle(team.name) : m.teams.create} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={team ? m.teams.saveFailed : m.teams.createFailed} problem={problem} />}
        <TextField
          label={m.teams.name}
          hint={m.teams.nameHint}
          error={complaint ?? problem?.field("name")}
          value={name}
          autoComplete="off"
          autoFocus
          onChange={(event) => setName(event.target.value)}
        />
        <FieldGroup legend={m.teams.assignment} error={problem?.field("assignment")}>
          {ASSIGNMENTS.map((each) => (
            <Choice
              key={each}
              type="radio"
              name="assignment"
              label={m.teams.assignments[each]}
              hint={m.teams.assignmentHints[each]}
              checked={assignment === each}
              onChange={() => setAssignment(each)}
            />
          ))}
        </FieldGroup>
        <Members chosen={memberIds} error={problem?.field("memberIds")} onChange={setMemberIds} />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={save.isPending}>
            {save.isPending ? busyWord : team ? m.save : m.teams.createNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

type MembersProps = { chosen: string[]; error: Complaint | undefined; onChange: (ids: string[]) => void };

function Members({ chosen, error, onChange }: MembersProps) {
  const users = useUsers().data ?? [];
  const [typed, setTyped] = useState("");
  const fits = new Set(narrow(users.map((user) => ({ id: user.id, label: nameOf(user), keywords: user.email })), typed).map((option) => option.id));
  const shown = users.filter((user) => fits.has(user.id));
  const toggle = (user: User, on: boolean) => onChange(on ? [...chosen, user.id] : chosen.filter((id) => id !== user.id));
  return (
    <FieldGroup legend={m.teams.members} error={error}>
      {users.length > PEOPLE_AT_A_GLANCE && (
        <TextField label={m.teams.narrow} type="search" value={typed} onChange={(event) => setTyped(event.target.value)} />
      )}
      <div className={styles.members}>
        {shown.map((user) => (
          <Choice
            key={user.id}
            label={nameOf(user)}
            hint={user.name ? user.email : undefined}
            checked={chosen.includes(user.id)}
            onChange={(event) => toggle(user, event.target.checked)}
          />
        ))}
        {shown.length === 0 && <p className={styles.note}>{m.teams.nobodyFound}</p>}
      </div>
    </FieldGroup>
  );
}
