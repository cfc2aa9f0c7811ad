/** Inviting a colleague: who, as what, by which channel; then the link, for who would rather pass it on. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { users } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { CreatedUser, Role, UserInput } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { useChannels } from "../conversations/queries";
import { m } from "../i18n";
import { CopyField } from "../ui/bits";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { Choice, FieldGroup, formClass, SelectField, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { nameOf } from "./changes";
import styles from "./people.module.css";

const ROLES: Role[] = ["agent", "admin"];

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("agent");
  const [channelId, setChannelId] = useState("");
  const [complaint, setComplaint] = useState<string | null>(null);
  const channels = useChannels().data ?? [];
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const invite = useMutation({
    mutationFn: (body: UserInput) => users.create(body, idempotencyKey(body)),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.users }),
  });
  const formRef = useFirstError(complaint, invite.error);
  if (invite.data) return <Invited user={invite.data} onClose={onClose} />;

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const address = email.trim();
    setComplaint(address ? null : m.people.inviteEmailMissing);
    if (!address) return;
    invite.mutate({
      email: address,
      role,
      invite: true,
      ...(name.trim() ? { name: name.trim() } : {}),
      ...(channelId ? { channelId } : {}),
    });
  };
  const problem = invite.error ? asProblem(invite.error) : null;
  return (
    <Dialog title={m.people.invite} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.people.inviteFailed} problem={problem} />}
        <p className={styles.note}>{m.people.inviteLead}</p>
        <TextField
          label={m.people.inviteEmail}
          type="email"
          error={complaint ?? problem?.field("email")}
          value={email}
          autoComplete="off"
          autoFocus
          onChange={(event) => setEmail(event.target.value)}
        />
        <TextField
          label={m.people.inviteName}
          error={problem?.field("name")}
          optional
          value={name}
          autoComplete="off"
          onChange={(event) => setName(event.target.value)}
        />
        <FieldGroup legend={m.people.inviteRole}>
          {ROLES.map((each) => (
            <Choice
              key={each}
              type="radio"
              name="role"
              label={m.people.roles[each]}
              hint={m.people.roleHints[each]}
              checked={role === each}
              onChange={() => setRole(each)}
            />
          ))}
        </FieldGroup>
        {channels.length > 1 && (
          <SelectField
            label={m.people.inviteBy}
            error={problem?.field("channelId")}
            value={channelId}
            onChange={(event) => setChannelId(event.target.value)}
          >
            <option value="">{m.people.inviteByFirst}</option>
            {channels.map((channel) => (
              <option key={channel.id} value={channel.id}>
                {channel.name}
              </option>
            ))}
          </SelectField>
        )}
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={invite.isPending}>
            {invite.isPending ? m.people.inviting : m.people.inviteNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Invited({ user, onClose }: { user: CreatedUser; onClose: () => void }) {
  const text = user.invitation?.captured ? m.people.doneCaptured(user.email) : m.people.doneSent(user.email);
  return (
    <Dialog title={m.people.doneTitle(nameOf(user))} onClose={onClose}>
      <p role="status">{text}</p>
      {user.signInUrl && (
        <div className={styles.link}>
          <CopyField value={user.signInUrl} label={m.people.linkLabel} />
        </div>
      )}
      <DialogActions>
        <Button variant="primary" data-autofocus onClick={onClose}>
          {m.people.done}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
