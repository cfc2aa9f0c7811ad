/** Putting one person on a list. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { lists, type MemberInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { ContactList } from "../api/types";
import { looksLikeAddress } from "../format/address";
import { m } from "../i18n";
import { readVariables } from "../templates/variables";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextArea, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";

export function AddMember({ list, onClose }: { list: ContactList; onClose: () => void }) {
  const [form, setForm] = useState({ address: "", name: "", variables: "" });
  const [complaints, setComplaints] = useState<{ address?: string; variables?: string }>({});
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: (member: MemberInput) => lists.addMember(list.id, member),
    onSuccess: (_, { address }) => {
      toast(m.lists.added(address));
      void client.invalidateQueries({ queryKey: keys.lists });
      onClose();
    },
  });
  const problem = add.error ? asProblem(add.error) : null;
  const formRef = useFirstError(complaints, add.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const [address, name] = [form.address.trim(), form.name.trim()];
    const variables = form.variables.trim() ? readVariables(form.variables) : undefined;
    const found: typeof complaints = {};
    if (!looksLikeAddress(address)) found.address = m.lists.addressMissing;
    if (variables === null) found.variables = m.lists.variablesWrong;
    setComplaints(found);
    if (Object.keys(found).length > 0) return;
    add.mutate({ address, ...(name ? { name } : {}), ...(variables ? { variables } : {}) });
  };
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
  });
  return (
    <Dialog title={m.lists.add} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.lists.addFailed} problem={problem} />}
        <TextField
          label={m.lists.address}
          type="email"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          error={complaints.address ?? problem?.field("members/0/address")}
          {...field("address")}
        />
        <TextField label={m.lists.memberName} optional autoComplete="off" error={problem?.field("members/0/name")} {...field("name")} />
        <TextArea
          label={m.lists.variables}
          hint={m.lists.variablesHint}
          optional
          rows={2}
          spellCheck={false}
          error={complaints.variables ?? problem?.field("members/0/variables")}
          {...field("variables")}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={add.isPending}>
            {add.isPending ? m.lists.adding : m.lists.addNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
