/** Assign, label and snooze a conversation: a button each, a list that narrows as one types, and a key. */

import { useRef, useState } from "react";
import type { Conversation } from "../api/types";
import { longTime, toLocalInput, usefulMoments } from "../format/time";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { useSession } from "../session/useSession";
import { Avatar } from "../ui/bits";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { narrow, Picker, type PickerOption } from "../ui/Picker";
import { Anchor, Popover, usePopover } from "../ui/Popover";
import { toast } from "../ui/toast";
import { useKnownLabels } from "./FilterBar";
import { usePatchConversation, useUsers } from "./queries";
import styles from "./Pickers.module.css";

type Props = { conversation: Conversation };

export function AssignControl({ conversation }: Props) {
  const popover = usePopover();
  const { user: me } = useSession();
  const users = useUsers().data ?? [me];
  const { mutate } = usePatchConversation();
  useCommands({ assign: popover.show });
  const assignee = users.find((user) => user.id === conversation.assigneeId);
  const name = assignee ? (assignee.name ?? assignee.email) : m.conversation.unassigned;

  const ordered = [...users.filter((user) => user.id === me.id), ...users.filter((user) => user.id !== me.id)];
  const options: PickerOption[] = [
    { id: "", label: m.conversation.unassign, checked: conversation.assigneeId == null },
    ...ordered.map((user) => ({
      id: user.id,
      label: user.name ?? user.email,
      keywords: user.email,
      hint: user.id === me.id ? m.message.you : undefined,
      before: <Avatar name={user.name ?? user.email} size={20} />,
      checked: user.id === conversation.assigneeId,
    })),
  ];
  return (
    <Anchor anchor={popover.anchor}>
      <Button
        small
        icon="person"
        aria-haspopup="dialog"
        aria-expanded={popover.open}
        title={`${m.conversation.assign} (a)`}
        aria-label={`${m.conversation.assign}: ${name}`}
        onClick={popover.toggle}
      >
        <span className={styles.name}>{name}</span>
      </Button>
      {popover.open && (
        <Popover anchor={popover.anchor} onClose={popover.close} label={m.conversation.assign}>
          <Picker
            label={m.conversation.findPerson}
            empty={m.conversation.noPerson}
            options={options}
            onPick={(option) => {
              popover.close();
              mutate({ conversation, patch: { assigneeId: option.id || null } });
              popover.anchor.current?.querySelector("button")?.focus();
            }}
          />
        </Popover>
      )}
    </Anchor>
  );
}

export function LabelControl({ conversation }: Props) {
  const popover = usePopover();
  const known = useKnownLabels();
  const { mutate } = usePatchConversation();
  useCommands({ labels: popover.show });

  const shown = (typed: string): PickerOption[] => {
    const all = [...new Set([...conversation.labels, ...known])];
    const options = narrow(
      all.map((label) => ({ id: label, label, checked: conversation.labels.includes(label) })),
      typed,
    );
    const wanted = typed.trim();
    if (!wanted || all.includes(wanted)) return options;
    return [...options, { id: wanted, label: m.conversation.createLabel(wanted) }];
  };
  return (
    <Anchor anchor={popover.anchor}>
      <Button
        small
        icon="tag"
        aria-haspopup="dialog"
        aria-expanded={popover.open}
        title={`${m.conversation.labels} (l)`}
        aria-label={m.conversation.labels}
        onClick={popover.toggle}
      >
        <span className={styles.wideOnly}>{m.conversation.labels}</span>
      </Button>
      {popover.open && (
        <Popover anchor={popover.anchor} onClose={popover.close} label={m.conversation.labels}>
          <Picker
            label={m.conversation.addLabel}
            empty={m.conversation.addLabel}
            options={shown}
            onPick={(option) => {
              const has = conversation.labels.includes(option.id);
              const labels = has
                ? conversation.labels.filter((label) => label !== option.id)
                : [...conversation.labels, option.id];
              mutate({ conversation, patch: { labels } });
            }}
          />
        </Popover>
      )}
    </Anchor>
  );
}

export function SnoozeControl({ conversation }: Props) {
  const popover = usePopover();
  const { mutate } = usePatchConversation();
  useCommands({ snooze: popover.show });

  const snooze = (at: Date) => {
    popover.close();
    mutate({ conversation, patch: { status: "snoozed", snoozedUntil: at.toISOString() } });
    toast(m.conversation.snoozedUntil(longTime(at.toISOString())), {
      action: { label: m.undo, run: () => mutate({ conversation, patch: { status: conversation.status } }) },
    });
  };
  return (
    <Anchor anchor={popover.anchor}>
      <Button
        small
        icon="clock"
        aria-haspopup="dialog"
        aria-expanded={popover.open}
        title={`${m.conversation.snooze} (h)`}
        aria-label={m.conversation.snooze}
        onClick={popover.toggle}
      >
        <span className={styles.wideOnly}>{m.conversation.snooze}</span>
      </Button>
      {popover.open && (
        <Popover anchor={popover.anchor} onClose={popover.close} label={m.conversation.snooze}>
          {conversation.status === "snoozed" && (
            <Button
              small
              variant="ghost"
              icon="reopen"
              onClick={() => {
                popover.close();
                mutate({ conversation, patch: { status: "open" } });
              }}
            >
              {m.conversation.wake}
            </Button>
          )}
          <MomentChoice action={m.conversation.snooze} onPick={snooze} />
        </Popover>
      )}
    </Anchor>
  );
}

/** Offers the useful moments and any other one. */
export function MomentChoice({ action, onPick }: { action: string; onPick: (at: Date) => void }) {
  const [now] = useState(() => new Date());
  const [error, setError] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  // No form of its own: it may lie inside the composer's.
  const pick = () => {
    const at = new Date(input.current?.value ?? "");
    if (Number.isNaN(at.getTime()) || at.getTime() <= Date.now()) setError(m.time.past);
    else onPick(at);
  };
  return (
    <div className={styles.moments}>
      {usefulMoments(now).map((moment, index) => (
        <button key={moment.key} type="button" className={styles.moment} autoFocus={index === 0} onClick={() => onPick(moment.at)}>
          <span>{m.time.moments[moment.key]}</span>
          <span className="muted small">{longTime(moment.at.toISOString())}</span>
        </button>
      ))}
      <div className={styles.pick}>
        <TextField
          ref={input}
          label={m.time.pick}
          type="datetime-local"
          min={toLocalInput(now)}
          defaultValue={toLocalInput(usefulMoments(now).at(-1)?.at ?? now)}
          error={error}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            pick();
          }}
        />
        <Button small onClick={pick}>
          {action}
        </Button>
      </div>
    </div>
  );
}
