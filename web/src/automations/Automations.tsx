/** The automations in their order: on or off, moved up and down, and what to begin with. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { Link } from "wouter";
import { automations } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Automation, AutomationChange } from "../api/types";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Badge, EmptyState } from "../ui/bits";
import { IconButton, LinkButton } from "../ui/Button";
import { announce } from "../ui/announce";
import { ListSkeleton, listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import styles from "./automations.module.css";
import { useAutomations, useMayChange, useNameOf } from "./queries";
import { Switch } from "./Switch";
import { inWords, type NameOf } from "./words";

const STARTS = Object.entries(m.automations.starts);

export default function Automations() {
  const list = useAutomations();
  const mayChange = useMayChange();
  const isEmpty = list.data?.length === 0;
  return (
    <Page
      title={m.automations.title}
      lead={m.automations.lead}
      actions={
        <>
          {mayChange && !isEmpty && (
            <LinkButton variant="primary" icon="plus" href="/automations/new">
              {m.automations.create}
            </LinkButton>
          )}
          <LinkButton icon="clock" href="/sla-policies">
            {m.sla.title}
          </LinkButton>
          <LinkButton icon="clock" href="/business-hours">
            {m.automations.hours}
          </LinkButton>
        </>
      }
    >
      {list.isPending && <ListSkeleton rows={4} />}
      {list.isError && !list.data && (
        <ProblemNotice title={m.automations.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />
      )}
      {isEmpty && <Beginning mayChange={mayChange} />}
      {list.data && list.data.length > 0 && <List items={list.data} mayChange={mayChange} />}
    </Page>
  );
}

function Beginning({ mayChange }: { mayChange: boolean }) {
  return (
    <>
      <EmptyState
        icon="bolt"
        title={m.automations.empty}
        text={mayChange ? m.automations.emptyText : m.automations.mayNot}
      />
      {mayChange && (
        <ul className={styles.starts}>
          {STARTS.map(([start, { name, text }]) => (
            <li key={start}>
              <Link href={`/automations/new?start=${start}`} className={styles.start ?? ""}>
                <strong>{name}</strong>
                <span>{text}</span>
              </Link>
            </li>
          ))}
          <li className={styles.scratch}>
            <LinkButton href="/automations/new">{m.automations.fromScratch}</LinkButton>
          </li>
        </ul>
      )}
    </>
  );
}

function List({ items, mayChange }: { items: Automation[]; mayChange: boolean }) {
  const nameOf = useNameOf();
  const client = useQueryClient();
  const list = useRef<HTMLOListElement>(null);
  const change = useMutation({
    mutationFn: ({ id, body }: { id: string; body: AutomationChange }) => automations.change(id, body),
    onError: (error) => toastProblem(m.automations.changeFailed, error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.automations }),
  });
  const turn = (automation: Automation, enabled: boolean) => {
    const said = enabled ? m.automations.turnedOn(automation.name) : m.automations.turnedOff(automation.name);
    change.mutate({ id: automation.id, body: { enabled } }, { onSuccess: () => toast(said) });
  };
  const move = (from: number, to: number) => {
    const moved = items[from];
    if (!moved || to < 0 || to >= items.length) return;
    const next = items.filter((each) => each.id !== moved.id);
    next.splice(to, 0, moved);
    client.setQueryData(keys.automations, next);
    announce(m.automations.moved(moved.name, to + 1, items.length));
    change.mutate({ id: moved.id, body: { position: to } });
    // At either end the button that was pressed can't be pressed again: the other one keeps the focus in the row.
    const back = to === 0 ? "down" : to === items.length - 1 ? "up" : null;
    if (back) requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-move="${moved.id} ${back}"]`)?.focus());
  };
  return (
    <ol ref={list} className={listStyles.list}>
      {items.map((automation, index) => (
        <li key={automation.id}>
          <Row
            automation={automation}
            nameOf={nameOf}
            mayChange={mayChange}
            isFirst={index === 0}
            isLast={index === items.length - 1}
            onTurn={(on) => turn(automation, on)}
            onMove={(by) => move(index, index + by)}
          />
        </li>
      ))}
    </ol>
  );
}

type RowProps = {
  automation: Automation;
  nameOf: NameOf;
  mayChange: boolean;
  isFirst: boolean;
  isLast: boolean;
  onTurn: (on: boolean) => void;
  onMove: (by: -1 | 1) => void;
};

function Row({ automation, nameOf, mayChange, isFirst, isLast, onTurn, onMove }: RowProps) {
  const { id, name, enabled } = automation;
  return (
    <div className={listStyles.row}>
      {mayChange && <Switch label={m.automations.onLabel(name)} on={enabled} onChange={onTurn} />}
      <Link href={`/automations/${id}`} className={styles.name ?? ""}>
        <strong>{name}</strong>
        <span className={listStyles.sub}>{inWords(automation, nameOf)}</span>
      </Link>
      <span className={listStyles.side}>
        {!mayChange && <Badge tone={enabled ? "ok" : "plain"}>{enabled ? m.automations.on : m.automations.off}</Badge>}
        {mayChange && (
          <>
            <IconButton icon="up" small label={m.automations.moveUp(name)} data-move={`${id} up`} disabled={isFirst} onClick={() => onMove(-1)} />
            <IconButton icon="down" small label={m.automations.moveDown(name)} data-move={`${id} down`} disabled={isLast} onClick={() => onMove(1)} />
          </>
        )}
      </span>
    </div>
  );
}
