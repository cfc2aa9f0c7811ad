/** Search and filters over the list. What they say is in the address bar, so a view can be linked to. */

import { useLocation } from "wouter";
import { m } from "../i18n";
import { run } from "../keyboard/dispatcher";
import { useSession } from "../session/useSession";
import { classNames, IconButton } from "../ui/Button";
import { Chip, ChipMenu, chipsClass, ChipWords } from "../ui/Chips";
import type { MenuItem } from "../ui/Menu";
import { Picker, type PickerOption } from "../ui/Picker";
import { usePopover } from "../ui/Popover";
import { PopoverButton } from "../ui/PopoverButton";
import { PRIORITIES, searchFromFilter, SLA_FILTERS, STATUSES, type ConversationFilter } from "./filter";
import { useSlaPolicies } from "../sla/queries";
import { ViewsChip } from "../views/ViewsChip";
import { useChannels, useLabels, useTeams, useUsers } from "./queries";
import { SearchField } from "./SearchField";
import { useOfferedChip } from "./useOfferedChip";
import styles from "./FilterBar.module.css";

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
        <SearchField
          value={filter.q ?? ""}
          onChange={(q) => set(q ? { q, status: filter.q ? filter.status : "all" } : { q: undefined, status: "open" })}
        />
        {!filter.q && (
          <IconButton
            icon="sort"
            label={m.bulk.oldestFirst}
            className={styles.sort}
            aria-pressed={filter.oldest === true}
            onClick={() => set({ oldest: !filter.oldest || undefined })}
          />
        )}
        <span className={styles.phoneOnly}>
          <IconButton icon="edit" variant="default" label={m.nav.compose} onClick={() => run("compose")} />
        </span>
      </div>
      <div className={classNames(chipsClass, styles.chips)} role="group" aria-label={m.list.filters}>
        <StatusChip filter={filter} set={set} />
        <AssigneeChip filter={filter} set={set} />
        <TeamChip filter={filter} set={set} />
        <Chip
          on={filter.unread === true}
          aria-pressed={filter.unread === true}
          onClick={() => set({ unread: filter.unread ? undefined : true })}
        >
          {m.list.unread}
        </Chip>
        <ChannelChip filter={filter} set={set} />
        <LabelChip filter={filter} set={set} />
        <PriorityChip filter={filter} set={set} />
        <SlaChip filter={filter} set={set} />
        {filter.mentioned && (
          <Chip on aria-pressed onClick={() => set({ mentioned: undefined, status: "open" })}>
            {m.mentions.chip}
          </Chip>
        )}
        <ViewsChip filter={filter} />
      </div>
    </div>
  );
}

type ChipProps = { filter: ConversationFilter; set: (change: Partial<ConversationFilter>) => void };

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

function TeamChip({ filter, set }: ChipProps) {
  const known = useTeams().data;
  const offered = useOfferedChip("team", known && known.length > 0);
  const teams = known ?? [];
  if (!offered && !filter.team) return null;
  const choice = (label: string, team: string | undefined): MenuItem => ({
    label,
    checked: filter.team === team,
    run: () => set({ team }),
  });
  const items: MenuItem[] = [
    choice(m.teams.any, undefined),
    choice(m.teams.none, "none"),
    ...(teams.length ? (["separator"] as const) : []),
    ...teams.map((team) => choice(team.name, team.id)),
  ];
  const chosen = filter.team === "none" ? m.teams.none : teams.find((team) => team.id === filter.team)?.name;
  return <ChipMenu label={m.teams.team} value={chosen ?? m.teams.any} on={filter.team !== undefined} short items={items} />;
}

function ChannelChip({ filter, set }: ChipProps) {
  const known = useChannels().data;
  const offered = useOfferedChip("channel", known && known.length > 1);
  const channels = known ?? [];
  if (!offered && !filter.channelId) return null;
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

function PriorityChip({ filter, set }: ChipProps) {
  const items: MenuItem[] = [undefined, ...PRIORITIES].map((priority) => ({
    label: priority ? m.priority.names[priority] : m.priority.any,
    checked: filter.priority === priority,
    run: () => set({ priority }),
  }));
  const value = filter.priority ? m.priority.names[filter.priority] : m.priority.any;
  return <ChipMenu label={m.priority.title} value={value} on={filter.priority !== undefined} short items={items} />;
}

/** Where nothing is promised, nobody is late. */
function SlaChip({ filter, set }: ChipProps) {
  const policies = useSlaPolicies().data;
  const offered = useOfferedChip("sla", policies && policies.length > 0);
  if (!offered && !filter.sla) return null;
  const items: MenuItem[] = [undefined, ...SLA_FILTERS].map((sla) => ({
    label: m.sla.filters[sla ?? "any"],
    checked: filter.sla === sla,
    run: () => set({ sla }),
  }));
  return <ChipMenu label={m.sla.filter} value={m.sla.filters[filter.sla ?? "any"]} on={filter.sla !== undefined} short items={items} />;
}

/** Labels may be many: the list narrows as one types. */
function LabelChip({ filter, set }: ChipProps) {
  const popover = usePopover();
  const labels = useLabels();
  const offered = [...new Set([...labels, ...(filter.label ? [filter.label] : [])])];
  const options: PickerOption[] = [
    { id: "", label: m.list.anyLabel, checked: !filter.label },
    ...offered.map((label) => ({ id: label, label, checked: label === filter.label })),
  ];
  const value = filter.label ?? m.list.anyLabel;
  return (
    <PopoverButton
      label={m.list.label1}
      state={popover}
      trigger={(props) => (
        <Chip on={filter.label !== undefined} aria-label={`${m.list.label1}: ${value}`} {...props}>
          <ChipWords label={m.list.label1} value={value} on={filter.label !== undefined} short />
        </Chip>
      )}
    >
      <Picker
        label={m.list.findLabel}
        empty={m.list.noLabels}
        options={options}
        onPick={(option) => {
          popover.close();
          set({ label: option.id || undefined });
        }}
      />
    </PopoverButton>
  );
}
