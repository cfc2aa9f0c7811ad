/** The name of a list, new or another. */

import { useState, type FormEvent } from "react";
import { asProblem } from "../api/problem";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";

type Props = {
  title: string;
  action: string;
  name: string;
  busy: boolean;
  error: unknown;
  errorTitle: string;
  onName: (name: string) => void;
  onClose: () => void;
};

export function NameDialog({ title, action, name: before, busy, error, errorTitle, onName, onClose }: Props) {
  const [name, setName] = useState(before);
  const [complaint, setComplaint] = useState<string | null>(null);
  const formRef = useFirstError(complaint, error);
  const problem = error ? asProblem(error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    setComplaint(name.trim() ? null : m.lists.nameMissing);
    if (name.trim()) onName(name.trim());
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={errorTitle} problem={problem} />}
        <TextField
          label={m.lists.name}
          hint={m.lists.nameHint}
          error={complaint ?? problem?.field("name")}
          value={name}
          autoComplete="off"
          autoFocus
          onChange={(event) => setName(event.target.value)}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={busy}>
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
