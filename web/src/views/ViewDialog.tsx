/** The name of a view: a new one with whom it is for, or another name. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { views } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { View } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import type { ConversationFilter } from "../conversations/filter";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { Choice, formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { viewOfFilter } from "./viewFilter";

type Props = { onClose: () => void } & ({ filter: ConversationFilter; view?: undefined } | { view: View; filter?: undefined });

export function ViewDialog(props: Props) {
  const { view, onClose } = props;
  const client = useQueryClient();
  const [name, setName] = useState(view?.name ?? "");
  const [shared, setShared] = useState(false);
  const [complaint, setComplaint] = useState<string | null>(null);
  const keyOf = useIdempotencyKey();
  const save = useMutation({
    mutationFn: (wanted: string) => {
      if (props.view) return views.change(props.view.id, { name: wanted });
      const body = { name: wanted, filter: viewOfFilter(props.filter), shared };
      return views.create(body, keyOf(body));
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: keys.views });
      toast(m.savedViews.saved(saved.name));
      onClose();
    },
  });
  const formRef = useFirstError(complaint, save.error);
  const problem = save.error ? asProblem(save.error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    setComplaint(wanted ? null : m.savedViews.nameMissing);
    if (wanted) save.mutate(wanted);
  };
  return (
    <Dialog title={view ? m.savedViews.renameTitle : m.savedViews.saveTitle} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {!view && <p className="muted">{m.savedViews.saveText}</p>}
        {problem && <ProblemNotice title={m.savedViews.saveFailed} problem={problem} />}
        <TextField
          label={m.savedViews.name}
          hint={m.savedViews.nameHint}
          error={complaint ?? problem?.field("name")}
          value={name}
          maxLength={100}
          autoComplete="off"
          onChange={(event) => setName(event.target.value)}
        />
        {!view && <Choice label={m.savedViews.share} checked={shared} onChange={(event) => setShared(event.target.checked)} />}
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={save.isPending}>
            {m.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
