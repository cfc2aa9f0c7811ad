/** What can be done with the selected conversations, in place of the filters. Each action is a key, too. */

import { useEffect, useState } from "react";
import type { BulkPatch } from "../api/endpoints";
import type { Conversation } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import type { Command } from "../keyboard/keymap";
import { useSession } from "../session/useSession";
import { Avatar } from "../ui/bits";
import { Button, IconButton } from "../ui/Button";
import { narrow, Picker, type PickerOption } from "../ui/Picker";
import { usePopover, type PopoverState } from "../ui/Popover";
import { PopoverButton } from "../ui/PopoverButton";
import styles from "./BulkBar.module.css";
import { MomentChoice } from "./Pickers";
import { PriorityChoice } from "./Priority";
import { useLabels, useUsers } from "./queries";
import { useBulk } from "./useBulk";

/** An action that was asked for by its key while a row had the focus and nothing was selected. */
export type Wish = Extract<Command, "assign" | "labels" | "priority" | "snooze">;

type Props = {
  targets: Conversation[];
  loaded: number;
  wish: Wish | null;
  onAll: () => void;
  onClear: () => void;
};

export function BulkBar({ targets, loaded, wish, onAll, onClear }: Props) {
  const bulk = useBulk();
  const assign = usePopover();
  const label = usePopover();
  const priority = usePopover();
  const snooze = usePopover();
  const allResolved = targets.every((each) => each.status === "resolved");
  const anyUnread = targets.some((each) => each.unread);

  /** What is done with them ends the selection; labels are put on one after the other. */
  const act = (change: BulkPatch, said: (n: number) => string) => {
    void bulk(targets, change, said);
    onClear();
  };
  const resolve = () =>
    act({ status: allResolved ? "open" : "resolved" }, allResolved ? m.bulk.reopened : m.bulk.resolved);
  const toggleUnread = () => act({ unread: !anyUnread }, anyUnread ? m.bulk.readDone : m.bulk.unreadDone);
  useCommands({ resolve, toggleUnread, assign: assign.show, labels: label.show, priority: priority.show, snooze: snooze.show, back: onClear });

  const { show: showAssign } = assign;
  const { show: showLabel } = label;
  const { show: showPriority } = priority;
  const { show: showSnooze } = snooze;
  useEffect(() => {
    if (wish === "assign") showAssign();
    if (wish === "labels") showLabel();
    if (wish === "priority") showPriority();
    if (wish === "snooze") showSnooze();
  }, [wish, showAssign, showLabel, showPriority, showSnooze]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const elsewhere = document.querySelector("dialog[open], [role=menu], [role=listbox]");
      if (event.key === "Escape" && !event.defaultPrevented && !elsewhere) onClear();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClear]);

  return (
    <div className={styles.bar} role="toolbar" aria-label={m.bulk.label}>
      <div className={styles.top}>
        <strong role="status">{m.bulk.selected(targets.length)}</strong>
        {targets.length < loaded && (
          <button type="button" className={styles.all} onClick={onAll}>
            {m.bulk.all(loaded)}
          </button>
        )}
        <span className={styles.grow} />
        <IconButton small icon="close" label={m.bulk.clear} shortcut="Esc" onClick={onClear} />
      </div>
      <div className={styles.actions}>
        <Button small icon={allResolved ? "reopen" : "check"} title={`${allResolved ? m.bulk.reopen : m.bulk.resolve} (e)`} onClick={resolve}>
          {allResolved ? m.bulk.reopen : m.bulk.resolve}
        </Button>
        <Button small icon="mail" title={`${anyUnread ? m.bulk.read : m.bulk.unread} (U)`} aria-label={anyUnread ? m.bulk.read : m.bulk.unread} onClick={toggleUnread} />
        <PopoverButton
          label={m.bulk.snooze}
          state={snooze}
          trigger={(props) => <Button small icon="clock" title={`${m.bulk.snooze} (h)`} aria-label={m.bulk.snooze} {...props} />}
        >
          <MomentChoice
            action={m.bulk.snooze}
            onPick={(at) => {
              snooze.close();
              const until = at.toISOString();
              act({ status: "snoozed", snoozedUntil: until }, (n) => m.bulk.snoozed(n, longTime(until)));
            }}
          />
        </PopoverButton>
        <AssignMany state={assign} targets={targets} act={act} />
        <LabelMany state={label} targets={targets} />
        <PriorityChoice
          state={priority}
          label={m.priority.title}
          isChecked={(each) => targets.every((target) => target.priority === each)}
          onPick={(picked) => act({ priority: picked }, (n) => m.priority.set(n, m.priority.names[picked]))}
        />
      </div>
    </div>
  );
}

type PartProps = { state: PopoverState; targets: Conversation[] };

function AssignMany({ state, targets, act }: PartProps & { act: (change: BulkPatch, said: (n: number) => string) => void }) {
  const { user: me } = useSession();
  const users = useUsers().data ?? [me];
  const isAll = (id: string | null) => targets.every((each) => (each.assigneeId ?? null) === id);
  const ordered = [...users.filter((user) => user.id === me.id), ...users.filter((user) => user.id !== me.id)];
  const options: PickerOption[] = [
    ...ordered.map((user) => ({
      id: user.id,
      label: user.name ?? user.email,
      keywords: user.email,
      hint: user.id === me.id ? m.message.you : undefined,
      before: <Avatar name={user.name ?? user.email} size={20} />,
      checked: isAll(user.id),
    })),
    { id: "", label: m.conversation.unassign, checked: isAll(null) },
  ];
  return (
    <PopoverButton
      label={m.bulk.assign}
      state={state}
      trigger={(props) => <Button small icon="person" title={`${m.bulk.assign} (a)`} aria-label={m.bulk.assign} {...props} />}
    >
      <Picker
        label={m.conversation.findPerson}
        empty={m.conversation.noPerson}
        options={options}
        onPick={(option) => {
          state.close();
          act({ assigneeId: option.id || null }, (n) => (option.id ? m.bulk.assigned(n, option.label) : m.bulk.unassigned(n)));
        }}
      />
    </PopoverButton>
  );
}

function LabelMany({ state, targets }: PartProps) {
  const bulk = useBulk();
  const known = useLabels();
  /** As they were put on here: the selection's own copies are from before. */
  const [given, setGiven] = useState<Record<string, boolean>>({});
  const count = (label: string) =>
    given[label] === undefined ? targets.filter((each) => each.labels.includes(label)).length : given[label] ? targets.length : 0;
  const shown = (typed: string): PickerOption[] => {
    const all = [...new Set([...targets.slice(0, 100).flatMap((each) => each.labels), ...known, ...Object.keys(given)])];
    const options = narrow(
      all.map((label) => {
        const n = count(label);
        return {
          id: label,
          label,
          checked: n === targets.length,
          hint: n > 0 && n < targets.length ? m.bulk.someHave : undefined,
        };
      }),
      typed,
    );
    const wanted = typed.trim();
    return !wanted || all.includes(wanted) ? options : [...options, { id: wanted, label: m.conversation.createLabel(wanted) }];
  };
  return (
    <PopoverButton
      label={m.bulk.labels}
      state={state}
      trigger={(props) => <Button small icon="tag" title={`${m.bulk.labels} (l)`} aria-label={m.bulk.labels} {...props} />}
    >
      <Picker
        label={m.conversation.addLabel}
        empty={m.conversation.noLabels}
        options={shown}
        onPick={({ id }) => {
          const all = count(id) === targets.length;
          setGiven((present) => ({ ...present, [id]: !all }));
          const change = all ? { labelsRemove: [id] } : { labelsAdd: [id] };
          void bulk(targets, change, (n) => (all ? m.bulk.unlabelled(n, id) : m.bulk.labelled(n, id)));
        }}
      />
    </PopoverButton>
  );
}
