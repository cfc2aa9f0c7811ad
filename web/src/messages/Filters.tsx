/** What narrows the log: a recipient, and a chip for each of status, sender, tag and days. */

import { useState } from "react";
import { useChannels } from "../conversations/queries";
import { useUseCases } from "../domains/queries";
import { looksLikeAddress } from "../format/address";
import { shortDay } from "../format/time";
import { m } from "../i18n";
import { Button, classNames } from "../ui/Button";
import { Chip, ChipMenu, chipsClass, ChipWords, SearchBox } from "../ui/Chips";
import { TextField } from "../ui/Field";
import type { MenuItem } from "../ui/Menu";
import { narrow, Picker, type PickerOption } from "../ui/Picker";
import { usePopover } from "../ui/Popover";
import { PopoverButton } from "../ui/PopoverButton";
import { Offer } from "../ui/Offer";
import { dayOf, daysInWords, RANGES, STATUSES, type MessageFilter } from "./filter";
import styles from "./messages.module.css";

type Props = { filter: MessageFilter; tags: string[]; onChange: (filter: MessageFilter) => void };

type ChipProps = { filter: MessageFilter; set: (change: Partial<MessageFilter>) => void };

export function Filters({ filter, tags, onChange }: Props) {
  const set = (change: Partial<MessageFilter>) => onChange({ ...filter, ...change });
  return (
    <div className={styles.filters} role="search">
      <SearchBox
        label={m.messages.recipient}
        placeholder={m.messages.recipientHint}
        value={filter.recipient ?? ""}
        worthAsking={looksLikeAddress}
        onChange={(recipient) => set({ recipient: recipient || undefined })}
      />
      <div className={classNames(chipsClass, styles.chips)} role="group" aria-label={m.messages.filters}>
        <StatusChip filter={filter} set={set} />
        <SenderChip filter={filter} set={set} />
        <TagChip filter={filter} set={set} tags={tags} />
        <DaysChip filter={filter} set={set} />
      </div>
    </div>
  );
}

function StatusChip({ filter, set }: ChipProps) {
  const items: MenuItem[] = [
    { label: m.messages.anyStatus, checked: !filter.status, run: () => set({ status: undefined }) },
    "separator",
    ...STATUSES.map((status) => ({
      label: m.delivery.status[status],
      checked: status === filter.status,
      run: () => set({ status }),
    })),
  ];
  const value = filter.status ? m.delivery.status[filter.status] : m.messages.anyStatus;
  return <ChipMenu label={m.messages.status} value={value} on={filter.status !== undefined} short items={items} />;
}

function SenderChip({ filter, set }: ChipProps) {
  const channels = useChannels().data ?? [];
  const cases = useUseCases().data ?? [];
  const choices = (heading: string, each: { id: string; name: string }[], field: "channelId" | "useCaseId"): MenuItem[] =>
    each.length === 0
      ? []
      : [
          { heading },
          ...each.map(({ id, name }) => ({
            label: name,
            checked: filter[field] === id,
            run: () => set({ channelId: undefined, useCaseId: undefined, [field]: id }),
          })),
        ];
  const items: MenuItem[] = [
    {
      label: m.messages.anySender,
      checked: !filter.channelId && !filter.useCaseId,
      run: () => set({ channelId: undefined, useCaseId: undefined }),
    },
    ...choices(m.messages.useCases, cases, "useCaseId"),
    ...choices(m.messages.channels, channels, "channelId"),
    ...(channels.length + cases.length === 0 ? [{ heading: m.messages.noSenders }] : []),
  ];
  const chosen = filter.useCaseId ?? filter.channelId;
  const name = [...cases, ...channels].find((each) => each.id === chosen)?.name ?? chosen;
  return <ChipMenu label={m.messages.by} value={name ?? m.messages.anySender} on={chosen !== undefined} short items={items} />;
}

/** Tags are as many as there are messages: those in sight are offered, and any other can be typed. */
function TagChip({ filter, set, tags }: ChipProps & { tags: string[] }) {
  const popover = usePopover();
  const shown = (typed: string): PickerOption[] => {
    const wanted = typed.trim();
    const any: PickerOption[] = filter.tag && !wanted ? [{ id: "", label: m.messages.anyTag }] : [];
    const known = narrow(
      tags.map((tag) => ({ id: tag, label: tag, checked: tag === filter.tag })),
      typed,
    );
    const other: PickerOption[] = wanted && !tags.includes(wanted) ? [{ id: wanted, label: m.messages.tagged(wanted) }] : [];
    return [...any, ...known, ...other];
  };
  const on = filter.tag !== undefined;
  const value = filter.tag ?? m.messages.anyTag;
  return (
    <PopoverButton
      label={m.messages.tag}
      state={popover}
      trigger={(props) => (
        <Chip on={on} aria-label={`${m.messages.tag}: ${value}`} {...props}>
          <ChipWords label={m.messages.tag} value={value} on={on} short />
        </Chip>
      )}
    >
      <Picker
        label={m.messages.findTag}
        empty={m.messages.noTags}
        options={shown}
        onPick={(option) => {
          popover.close();
          set({ tag: option.id || undefined });
        }}
      />
    </PopoverButton>
  );
}

function DaysChip({ filter, set }: ChipProps) {
  const popover = usePopover();
  const on = filter.range !== undefined || filter.from !== undefined || filter.to !== undefined;
  const value = daysInWords(filter, shortDay);
  const choose = (change: Pick<MessageFilter, "range" | "from" | "to">) => {
    popover.close();
    set({ range: undefined, from: undefined, to: undefined, ...change });
  };
  return (
    <PopoverButton
      label={m.messages.days}
      state={popover}
      trigger={(props) => (
        <Chip on={on} aria-label={`${m.messages.days}: ${value}`} {...props}>
          <ChipWords label={m.messages.days} value={value} on={on} short />
        </Chip>
      )}
    >
      <div className={styles.days}>
        <Offer label={m.messages.anyTime} chosen={!on} autoFocus onClick={() => choose({})} />
        {RANGES.map((range) => (
          <Offer
            key={range}
            label={m.messages.ranges[range]}
            chosen={filter.range === range}
            onClick={() => choose({ range })}
          />
        ))}
        <OwnDays from={filter.from ?? ""} to={filter.to ?? ""} onChoose={choose} />
      </div>
    </PopoverButton>
  );
}

type OwnDaysProps = { from: string; to: string; onChoose: (days: { from?: string; to?: string }) => void };

function OwnDays({ from: firstDay, to: lastDay, onChoose }: OwnDaysProps) {
  const [from, setFrom] = useState(firstDay);
  const [to, setTo] = useState(lastDay);
  const [complaint, setComplaint] = useState<string | null>(null);
  return (
    <form
      className={styles.ownDays}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const [first, last] = [dayOf(from), dayOf(to)];
        if (!first && !last) setComplaint(m.messages.noDays);
        else if (first && last && first > last) setComplaint(m.messages.daysTurned);
        else onChoose({ ...(first ? { from } : {}), ...(last ? { to } : {}) });
      }}
    >
      <div className={styles.dayFields}>
        <TextField label={m.messages.fromDay} type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
        <TextField label={m.messages.toDay} type="date" error={complaint} value={to} onChange={(event) => setTo(event.target.value)} />
      </div>
      <Button type="submit" small>
        {m.messages.applyDays}
      </Button>
    </form>
  );
}
