/** The policies in their order: of those that fit a conversation the first counts. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { slaPolicies } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { SlaPolicy } from "../api/types";
import { useMayChange, useNameOf } from "../automations/queries";
import type { NameOf } from "../automations/words";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { announce } from "../ui/announce";
import { Badge, EmptyState } from "../ui/bits";
import { Button, IconButton, LinkButton } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { ListSkeleton, listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { promises } from "./form";
import { PolicyDialog } from "./PolicyDialog";
import { useSlaPolicies } from "./queries";

const UP = { href: "/automations", label: m.automations.title };

export default function SlaPolicies() {
  const list = useSlaPolicies();
  const mayChange = useMayChange();
  const [editing, setEditing] = useState<SlaPolicy | "new" | null>(null);
  const [removing, setRemoving] = useState<SlaPolicy | null>(null);
  const isEmpty = list.data?.length === 0;
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setEditing("new")}>
      {m.sla.create}
    </Button>
  );
  return (
    <Page
      title={m.sla.title}
      lead={m.sla.lead}
      up={UP}
      actions={
        <>
          {mayChange && !isEmpty && create}
          <LinkButton icon="clock" href="/business-hours">
            {m.automations.hours}
          </LinkButton>
        </>
      }
    >
      {list.isPending && <ListSkeleton rows={3} />}
      {list.isError && !list.data && (
        <ProblemNotice title={m.sla.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />
      )}
      {isEmpty && (
        <EmptyState icon="clock" title={m.sla.empty} text={mayChange ? m.sla.emptyText : m.sla.mayNot}>
          {mayChange && create}
        </EmptyState>
      )}
      {list.data && !isEmpty && <List items={list.data} mayChange={mayChange} onEdit={setEditing} onRemove={setRemoving} />}
      {editing && <PolicyDialog policy={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      {removing && <RemoveDialog policy={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

type ListProps = { items: SlaPolicy[]; mayChange: boolean; onEdit: (policy: SlaPolicy) => void; onRemove: (policy: SlaPolicy) => void };

function List({ items, mayChange, onEdit, onRemove }: ListProps) {
  const nameOf = useNameOf();
  const client = useQueryClient();
  const list = useRef<HTMLOListElement>(null);
  const change = useMutation({
    mutationFn: ({ id, position }: { id: string; position: number }) => slaPolicies.change(id, { position }),
    onError: (error) => toastProblem(m.sla.saveFailed, error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.slaPolicies }),
  });
  const move = (from: number, to: number) => {
    const moved = items[from];
    if (!moved || to < 0 || to >= items.length) return;
    const next = items.filter((each) => each.id !== moved.id);
    next.splice(to, 0, moved);
    client.setQueryData(keys.slaPolicies, next);
    announce(m.sla.moved(moved.name, to + 1, items.length));
    change.mutate({ id: moved.id, position: to });
    // At either end the button that was pressed can't be pressed again: the other one keeps the focus in the row.
    const back = to === 0 ? "down" : to === items.length - 1 ? "up" : null;
    if (back) requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-move="${moved.id} ${back}"]`)?.focus());
  };
  return (
    <ol ref={list} className={listStyles.list}>
      {items.map((policy, index) => {
        const { id, name } = policy;
        return (
          <li key={id}>
            <div className={listStyles.row}>
              <span className={listStyles.main}>
                <strong>{name}</strong> {policy.businessHoursOnly && <Badge icon="clock">{m.sla.businessHours}</Badge>}
                <span className={listStyles.sub}>{promises(policy)}</span>
                <span className={listStyles.sub}>{scopeWords(policy, nameOf)}</span>
              </span>
              {mayChange && (
                <span className={listStyles.side}>
                  <Button small aria-label={m.sla.editLabel(name)} onClick={() => onEdit(policy)}>
                    {m.edit}
                  </Button>
                  <Button small aria-label={m.sla.removeLabel(name)} onClick={() => onRemove(policy)}>
                    {m.sla.remove}
                  </Button>
                  <IconButton icon="up" small label={m.sla.moveUp(name)} data-move={`${id} up`} disabled={index === 0} onClick={() => move(index, index - 1)} />
                  <IconButton icon="down" small label={m.sla.moveDown(name)} data-move={`${id} down`} disabled={index === items.length - 1} onClick={() => move(index, index + 1)} />
                </span>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function scopeWords({ appliesTo }: SlaPolicy, nameOf: NameOf): string {
  const ids = [...(appliesTo.channelIds ?? []), ...(appliesTo.teamIds ?? [])];
  const priorities = (appliesTo.priorities ?? []).map((priority) => m.priority.names[priority]);
  const names = [...ids.map((id) => nameOf(id) ?? id), ...priorities];
  return names.length === 0 ? m.sla.forAll : m.sla.forSome(names.join(", "));
}

function RemoveDialog({ policy, onClose }: { policy: SlaPolicy; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => slaPolicies.remove(policy.id),
    onSuccess: () => {
      toast(m.sla.removed);
      void client.invalidateQueries({ queryKey: keys.slaPolicies });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={m.sla.removeTitle(policy.name)}
      text={m.sla.removeText}
      action={m.sla.remove}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.sla.removeFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
