/** The people of the workspace: who they are, what they may do, who has not come in yet. Administrators change it here. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { users } from "../api/endpoints";
import { keys } from "../api/keys";
import type { User, UserChange } from "../api/types";
import { useUsers } from "../conversations/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Page } from "../shell/Page";
import { Avatar, Badge, EmptyState } from "../ui/bits";
import { Button, classNames, IconButton } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { listStyles, ResourceList } from "../ui/list";
import { Menu, type MenuItem } from "../ui/Menu";
import { toast, toastProblem } from "../ui/toast";
import { nameOf, storeUser, useIsAdmin } from "./changes";
import { InviteDialog } from "./InviteDialog";
import { PeopleTabs } from "./PeopleTabs";
import styles from "./people.module.css";

export default function People() {
  const admin = useIsAdmin();
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<User | null>(null);
  const invite = admin && (
    <Button variant="primary" icon="plus" onClick={() => setInviting(true)}>
      {m.people.invite}
    </Button>
  );
  return (
    <Page title={m.people.title} lead={admin ? m.people.lead : `${m.people.lead} ${m.people.readOnly}`} actions={invite}>
      <PeopleTabs />
      <ResourceList
        query={useUsers()}
        failed={m.people.failed}
        empty={
          <EmptyState icon="people" title={m.people.empty} text={m.people.emptyText}>
            {invite}
          </EmptyState>
        }
      >
        {(user) => <PersonRow user={user} onRemove={() => setRemoving(user)} />}
      </ResourceList>
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
      {removing && <RemoveDialog user={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

function PersonRow({ user, onRemove }: { user: User; onRemove: () => void }) {
  const { user: me } = useSession();
  const admin = useIsAdmin();
  const name = nameOf(user);
  const seen = user.lastSignInAt ? m.people.lastSignIn(longTime(user.lastSignInAt)) : m.people.invitedOn(longTime(user.createdAt));
  return (
    <div className={classNames(listStyles.row, styles.row)}>
      <Avatar name={name} size={34} />
      <span className={styles.person}>
        <strong>{name}</strong> {user.id === me.id && <span className={listStyles.hint}>({m.people.you})</span>}
        <span className={listStyles.sub}>{user.name ? `${user.email} · ${seen}` : seen}</span>
      </span>
      <span className={styles.badges}>
        {!user.lastSignInAt && <Badge tone="accent">{m.people.invited}</Badge>}
        {!user.available && <Badge tone="warn">{m.people.away}</Badge>}
        {admin && user.secondFactor && <Badge icon="shield">{m.people.secondFactor}</Badge>}
        <Badge tone={user.role === "admin" ? "ok" : "plain"}>{m.people.roles[user.role]}</Badge>
      </span>
      {admin && <PersonMenu user={user} onRemove={onRemove} />}
    </div>
  );
}

function PersonMenu({ user, onRemove }: { user: User; onRemove: () => void }) {
  const client = useQueryClient();
  const { user: me } = useSession();
  const name = nameOf(user);
  const change = useMutation({
    mutationFn: ({ patch }: { patch: UserChange; said: string }) => users.patch(user.id, patch),
    onSuccess: (changed, { said }) => {
      storeUser(client, changed);
      toast(said);
    },
    onError: (error) => toastProblem(m.people.changeFailed, error),
  });
  const inviteAgain = useMutation({
    mutationFn: () => users.invite(user.id),
    onSuccess: ({ captured }) => toast(captured ? m.people.capturedTo(user.email) : m.people.invitedTo(user.email)),
    onError: (error) => toastProblem(m.people.inviteAgainFailed, error),
  });
  const reset = useMutation({
    mutationFn: () => users.resetSecondFactor(user.id),
    onSuccess: () => {
      storeUser(client, { ...user, secondFactor: false });
      toast(m.people.secondFactorReset(name));
    },
    onError: (error) => toastProblem(m.people.secondFactorResetFailed, error),
  });
  const items: MenuItem[] = [
    user.role === "admin"
      ? { label: m.people.makeAgent, icon: "person", run: () => change.mutate({ patch: { role: "agent" }, said: m.people.madeAgent(name) }) }
      : { label: m.people.makeAdmin, icon: "shield", run: () => change.mutate({ patch: { role: "admin" }, said: m.people.madeAdmin(name) }) },
    user.available
      ? { label: m.people.setAway, icon: "pause", run: () => change.mutate({ patch: { available: false }, said: m.people.nowAway(name) }) }
      : { label: m.people.setAvailable, icon: "play", run: () => change.mutate({ patch: { available: true }, said: m.people.nowAvailable(name) }) },
    ...(user.lastSignInAt ? [] : [{ label: m.people.inviteAgain, icon: "mail" as const, run: () => inviteAgain.mutate() }]),
    ...(user.secondFactor && user.id !== me.id ? [{ label: m.people.resetSecondFactor, icon: "shieldOff" as const, run: () => reset.mutate() }] : []),
    ...(user.id === me.id ? [] : (["separator", { label: m.people.remove, icon: "trash", danger: true, run: onRemove }] as const)),
  ];
  return (
    <Menu
      label={m.people.actions(name)}
      items={items}
      trigger={(props) => <IconButton icon="more" label={m.people.actions(name)} {...props} />}
    />
  );
}

function RemoveDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const client = useQueryClient();
  const name = nameOf(user);
  const remove = useMutation({
    mutationFn: () => users.remove(user.id),
    onSuccess: () => {
      toast(m.people.removed(name));
      void client.invalidateQueries({ queryKey: keys.users });
      void client.invalidateQueries({ queryKey: keys.teams });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={m.people.removeTitle(name)}
      text={m.people.removeText}
      action={m.people.remove}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.people.removeFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
