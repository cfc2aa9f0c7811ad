/** Assign, label and snooze a conversation: a button each, a list that narrows as one types, and a key. */

import { useRef, useState, type KeyboardEvent } from "react";
import type { ConversationPatch } from "../api/endpoints";
import type { Conversation } from "../api/types";
import { longTime, toLocalInput, usefulMoments } from "../format/time";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { useSession } from "../session/useSession";
import { Avatar } from "../ui/bits";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Offer } from "../ui/Offer";
import { narrow, Picker, type PickerOption } from "../ui/Picker";
import { usePopover } from "../ui/Popover";
import { PopoverButton } from "../ui/PopoverButton";
import { useLabels, usePatchConversation, useTeams, useUsers } from "./queries";
import styles from "./Pickers.module.css";

type Props = { conversation: Conversation };

const NO_TEAM = "no-team";

export function AssignControl({ conversation }: Props) {
  const popover = usePopover();
  const { user: me } = useSession();
  const users = useUsers().data ?? [me];
  const teams = useTeams().data ?? [];
  const { mutate } = usePatchConversation();
  useCommands({ assign: popover.show });
  const assignee = users.find((user) => user.id === conversation.assigneeId);
  const team = teams.find((each) => each.id === conversation.teamId);
  const name = assignee ? (assignee.name ?? assignee.email) : (team?.name ?? m.conversation.unassigned);

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
  if (teams.length > 0) {
    for (const option of options) option.group = m.people.title;
    options.push(
      ...teams.map((each) => ({
        id: each.id,
        label: each.name,
        group: m.teams.title,
        hint: m.teams.assignmentShort[each.assignment],
        before: <Icon name="people" size={18} />,
        checked: each.id === conversation.teamId,
      })),
      ...(team ? [{ id: NO_TEAM, label: m.teams.none, group: m.teams.title }] : []),
    );
  }
  const patchOf = ({ id }: PickerOption): ConversationPatch => {
    if (id === NO_TEAM) return { teamId: null };
    // Given to a team, it is whoever's the team gives it to.
    if (teams.some((each) => each.id === id)) return { teamId: id, assigneeId: null };
    return { assigneeId: id || null };
  };
  return (
    <PopoverButton
      label={m.conversation.assign}
      state={popover}
      trigger={(props) => (
        <Button small icon="person" title={`${m.conversation.assign} (a)`} aria-label={`${m.conversation.assign}: ${name}`} {...props}>
          <span className={styles.name}>{name}</span>
        </Button>
      )}
    >
      <Picker
        label={m.conversation.findPerson}
        empty={m.conversation.noPerson}
        options={options}
        onPick={(option) => {
          popover.close();
          mutate({ conversation, patch: patchOf(option) });
        }}
      />
    </PopoverButton>
  );
}

export function LabelControl({ conversation }: Props) {
  const popover = usePopover();
  const known = useLabels();
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
    <PopoverButton
      label={m.conversation.labels}
      state={popover}
      trigger={(props) => (
        <Button small icon="tag" title={`${m.conversation.labels} (l)`} aria-label={m.conversation.labels} {...props}>
          <span className={styles.wideOnly}>{m.conversation.labels}</span>
        </Button>
      )}
    >
      <Picker
        label={m.conversation.addLabel}
        empty={m.conversation.noLabels}
        options={shown}
        onPick={(option) => {
          const has = conversation.labels.includes(option.id);
          const labels = has
            ? conversation.labels.filter((label) => label !== option.id)
            : [...conversation.labels, option.id];
          mutate({ conversation, patch: { labels } });
        }}
      />
    </PopoverButton>
  );
}

export function SnoozeControl({ conversation }: Props) {
  const popover = usePopover();
  const { mutate } = usePatchConversation();
  useCommands({ snooze: popover.show });

  const snooze = (at: Date) => {
    popover.close();
    mutate({
      conversation,
      patch: { status: "snoozed", snoozedUntil: at.toISOString() },
      said: m.conversation.snoozedUntil(longTime(at.toISOString())),
      undo: { status: conversation.status, ...(conversation.snoozedUntil ? { snoozedUntil: conversation.snoozedUntil } : {}) },
    });
  };
  const wake = () => {
    popover.close();
    mutate({ conversation, patch: { status: "open" } });
  };
  return (
    <PopoverButton
      label={m.conversation.snooze}
      state={popover}
      trigger={(props) => (
        <Button small icon="clock" title={`${m.conversation.snooze} (h)`} aria-label={m.conversation.snooze} {...props}>
          <span className={styles.wideOnly}>{m.conversation.snooze}</span>
        </Button>
      )}
    >
      {conversation.status === "snoozed" && <Offer icon="reopen" label={m.conversation.wake} onClick={wake} />}
      <MomentChoice action={m.conversation.snooze} onPick={snooze} />
    </PopoverButton>
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
  /** Up and down go through the moments; the date's field keeps its own arrows. */
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    const stops = [...event.currentTarget.querySelectorAll<HTMLElement>("button, input")];
    const at = stops.indexOf(document.activeElement as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1);
    stops[(at + stops.length) % stops.length]?.focus();
  };
  return (
    <div className={styles.moments} role="group" aria-label={action} onKeyDown={onKeyDown}>
      {usefulMoments(now).map((moment, index) => (
        <Offer
          key={moment.key}
          label={m.time.moments[moment.key]}
          hint={longTime(moment.at.toISOString())}
          autoFocus={index === 0}
          onClick={() => onPick(moment.at)}
        />
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
