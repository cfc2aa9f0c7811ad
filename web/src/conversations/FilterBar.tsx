/** Search and filters over the list. What they say is in the address bar, so a view can be linked to. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { keys } from "../api/keys";
import { m } from "../i18n";
import { run, useCommands } from "../keyboard/dispatcher";
import { useSession } from "../session/useSession";
import { classNames, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Menu, type MenuItem } from "../ui/Menu";
import { searchFromFilter, STATUSES, type ConversationFilter } from "./filter";
import type { ListData } from "./listCache";
import { useChannels, useUsers } from "./queries";
import styles from "./FilterBar.module.css";

const TYPING_PAUSE_MS = 250;

export function FilterBar({ filter }: { filter: ConversationFilter }) {
  const [, navigate] = useLocation();
  const set = (change: Partial<ConversationFilter>) =>
    navigate(`/conversations${searchFromFilter({ ...filter, ...change })}`, {
      // Each pause while typing is no page to go back to.
      replace: filter.q !== undefined && change.q !== undefined,
    });
  return (
    <div className={styles.bar} role="search">
      <div className={styles.top}>
        <SearchBox
          value={filter.q ?? ""}
          onChange={(q) => set(q ? { q, status: filter.q ? filter.status : "all" } : { q: undefined, status: "open" })}
        />
        <span className={styles.phoneOnly}>
          <IconButton icon="edit" variant="default" label={m.nav.compose} onClick={() => run("compose")} />
        </span>
      </div>
      <div className={styles.chips} role="group" aria-label={m.list.filters}>
        <StatusChip filter={filter} set={set} />
        <AssigneeChip filter={filter} set={set} />
        <button
          type="button"
          className={classNames(styles.chip, filter.unread && styles.on)}
          aria-pressed={filter.unread === true}
          onClick={() => set({ unread: filter.unread ? undefined : true })}
        >
          {m.list.unread}
        </button>
        <ChannelChip filter={filter} set={set} />
        <LabelChip filter={filter} set={set} />
      </div>
    </div>
  );
}

function SearchBox({ value, onChange }: { value: string; onChange: (q: string) => void }) {
  const [typed, setTyped] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const send = useRef(onChange);
  useEffect(() => {
    send.current = onChange;
  });
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed.trim() === value) return undefined;
    const timer = setTimeout(() => send.current(typed.trim()), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  useCommands({
    search: () => {
      input.current?.focus();
      input.current?.select();
      // Behind an open conversation on a phone it can't be focused.
      return input.current === document.activeElement;
    },
  });
  return (
    <div className={styles.search}>
      <Icon name="search" size={16} />
      <input
        ref={input}
        type="search"
        aria-label={m.list.search}
        aria-keyshortcuts="/"
        placeholder={m.list.searchPlaceholder}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            if (typed) setTyped("");
            else input.current?.blur();
          }
          if (event.key === "Enter") onChange(typed.trim());
          if (event.key === "ArrowDown") {
            event.preventDefault();
            document.querySelector<HTMLElement>("[data-row]")?.focus();
          }
        }}
      />
      {typed && <IconButton small icon="close" label={m.list.clearSearch} onClick={() => setTyped("")} />}
    </div>
  );
}

type ChipProps = { filter: ConversationFilter; set: (change: Partial<ConversationFilter>) => void };

/** Where nothing is chosen it says what could be, briefly, so that the chips stay on one line. */
type ChipMenuProps = { label: string; value: string; on: boolean; short?: boolean; items: MenuItem[] };

function ChipMenu({ label, value, on, short, items }: ChipMenuProps) {
  return (
    <Menu
      label={label}
      items={items}
      trigger={(props) => (
        <button type="button" className={classNames(styles.chip, on && styles.on)} aria-label={`${label}: ${value}`} {...props}>
          <span>{on || !short ? value : label}</span>
          <Icon name="down" size={13} />
        </button>
      )}
    />
  );
}

function StatusChip({ filter, set }: ChipProps) {
  const items: MenuItem[] = [...STATUSES, "all" as const].map((status) => ({
    label: m.views[status],
    checked: filter.status === status,
    run: () => set({ status }),
  }));
  return <ChipMenu label={m.list.status} value={m.views[filter.status]} on={filter.status !== "all"} items={items} />;
}

function AssigneeChip({ filter, set }: ChipProps) {
  const users = useUsers().data ?? [];
  const { user } = useSession();
  const choice = (label: string, assignee: string | undefined): MenuItem => ({
    label,
    checked: filter.assignee === assignee,
    run: () => set({ assignee }),
  });
  const others = users.filter((each) => each.id !== user.id);
  const items: MenuItem[] = [
    choice(m.list.anyone, undefined),
    choice(m.list.me, "me"),
    choice(m.list.nobody, "none"),
    ...(others.length ? (["separator"] as const) : []),
    ...others.map((each) => choice(each.name ?? each.email, each.id)),
  ];
  const named = others.find((each) => each.id === filter.assignee);
  const value =
    filter.assignee === "me"
      ? m.list.me
      : filter.assignee === "none"
        ? m.list.nobody
        : (named?.name ?? named?.email ?? m.list.anyone);
  return <ChipMenu label={m.list.assignee} value={value} on={filter.assignee !== undefined} short items={items} />;
}

function ChannelChip({ filter, set }: ChipProps) {
  const channels = useChannels().data ?? [];
  if (channels.length < 2 && !filter.channelId) return null;
  const chosen = channels.find((channel) => channel.id === filter.channelId);
  const items: MenuItem[] = [
    { label: m.list.anyChannel, checked: !filter.channelId, run: () => set({ channelId: undefined }) },
    ...channels.map((channel) => ({
      label: channel.name,
      checked: channel.id === filter.channelId,
      run: () => set({ channelId: channel.id }),
    })),
  ];
  return (
    <ChipMenu label={m.list.channel} value={chosen?.name ?? m.list.anyChannel} on={filter.channelId !== undefined} short items={items} />
  );
}

/** The labels seen so far: there is no list of them on the server. */
export function useKnownLabels(): string[] {
  const client = useQueryClient();
  const labels = new Set<string>();
  for (const [, data] of client.getQueriesData<ListData>({ queryKey: keys.conversationLists })) {
    for (const page of data?.pages ?? []) for (const item of page.items) for (const label of item.labels) labels.add(label);
  }
  return [...labels].toSorted((a, b) => a.localeCompare(b));
}

function LabelChip({ filter, set }: ChipProps) {
  const labels = useKnownLabels();
  const offered = [...new Set([...labels, ...(filter.label ? [filter.label] : [])])];
  const items: MenuItem[] = [
    { label: m.list.anyLabel, checked: !filter.label, run: () => set({ label: undefined }) },
    ...(offered.length === 0 ? [{ heading: m.list.noLabels }] : []),
    ...offered.map((label) => ({
      label,
      checked: label === filter.label,
      run: () => set({ label }),
    })),
  ];
  return <ChipMenu label={m.list.label1} value={filter.label ?? m.list.anyLabel} on={filter.label !== undefined} short items={items} />;
}
