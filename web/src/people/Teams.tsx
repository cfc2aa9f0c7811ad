/** The teams of the workspace: who is of them and how they hand out what they are given. Administrators change it here. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { teams } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Team } from "../api/types";
import { useChannels, useTeams, useUsers } from "../conversations/queries";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Avatar, Badge, EmptyState } from "../ui/bits";
import { Button, LinkButton } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { listStyles, ResourceList } from "../ui/list";
import { toast } from "../ui/toast";
import { nameOf, useIsAdmin } from "./changes";
import { PeopleTabs } from "./PeopleTabs";
import { TeamDialog } from "./TeamDialog";
import styles from "./people.module.css";

export default function Teams() {
  const admin = useIsAdmin();
  const [editing, setEditing] = useState<Team | "new" | null>(null);
  const [removing, setRemoving] = useState<Team | null>(null);
  const create = admin && (
    <Button variant="primary" icon="plus" onClick={() => setEditing("new")}>
      {m.teams.create}
    </Button>
  );
  return (
    <Page title={m.teams.title} lead={admin ? m.teams.lead : `${m.teams.lead} ${m.teams.readOnly}`} actions={create}>
      <PeopleTabs />
      <ResourceList
        query={useTeams()}
        failed={m.teams.failed}
        empty={
          <EmptyState icon="people" title={m.teams.empty} text={m.teams.emptyText}>
            {create}
          </EmptyState>
        }
      >
        {(team) => <TeamRow team={team} admin={admin} onEdit={() => setEditing(team)} onRemove={() => setRemoving(team)} />}
      </ResourceList>
      {editing && <TeamDialog team={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      {removing && <RemoveDialog team={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

type RowProps = { team: Team; admin: boolean; onEdit: () => void; onRemove: () => void };

function TeamRow({ team, admin, onEdit, onRemove }: RowProps) {
  const users = useUsers().data ?? [];
  const channels = (useChannels().data ?? []).filter((channel) => channel.teamId === team.id);
  const members = users.filter((user) => team.memberIds.includes(user.id));
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <strong>{team.name}</strong>
        <span className={listStyles.sub}>
          {m.teams.memberCount(members.length)}
          {channels.length > 0 && ` · ${m.teams.channels(channels.map((channel) => channel.name).join(", "))}`}
        </span>
        <span className={styles.faces}>
          {members.map((user) => (
            <span key={user.id} className={styles.face}>
              <Avatar name={nameOf(user)} size={20} />
              {nameOf(user)}
              {!user.available && <Badge tone="warn">{m.people.away}</Badge>}
            </span>
          ))}
          {members.length === 0 && m.teams.noMembers}
        </span>
      </span>
      <span className={listStyles.side}>
        <Badge tone={team.assignment === "manual" ? "plain" : "ok"}>{m.teams.assignmentShort[team.assignment]}</Badge>
        <LinkButton small href={`/conversations?team=${team.id}`}>
          {m.teams.show}
        </LinkButton>
        {admin && (
          <>
            <Button small aria-label={m.teams.editLabel(team.name)} onClick={onEdit}>
              {m.edit}
            </Button>
            <Button small aria-label={m.teams.removeLabel(team.name)} onClick={onRemove}>
              {m.teams.remove}
            </Button>
          </>
        )}
      </span>
    </div>
  );
}

function RemoveDialog({ team, onClose }: { team: Team; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => teams.remove(team.id),
    onSuccess: () => {
      toast(m.teams.removed);
      for (const queryKey of [keys.teams, keys.channels, keys.conversationLists]) void client.invalidateQueries({ queryKey });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={m.teams.removeTitle(team.name)}
      text={m.teams.removeText}
      action={m.teams.remove}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.teams.removeFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
