/** The saved views beside the filters, where the navigation has no room for them too: open one, save what is shown, change it. */

import { useState } from "react";
import { useLocation } from "wouter";
import { isFiltered, searchFromFilter, type ConversationFilter } from "../conversations/filter";
import { useOfferedChip } from "../conversations/useOfferedChip";
import type { View } from "../api/types";
import { m } from "../i18n";
import { ChipMenu } from "../ui/Chips";
import type { MenuItem } from "../ui/Menu";
import { useViews } from "./queries";
import { addressOfView } from "./viewFilter";
import { ViewDialog } from "./ViewDialog";
import { useViewItems } from "./viewItems";

export function ViewsChip({ filter }: { filter: ConversationFilter }) {
  const known = useViews().data;
  const offered = useOfferedChip("views", known && known.length > 0);
  const views = known ?? [];
  const [saving, setSaving] = useState(false);
  const here = `/conversations${searchFromFilter(filter)}`;
  const current = views.find((view) => addressOfView(view) === here);
  const save: MenuItem[] =
    isFiltered(filter) && !current ? [{ label: m.savedViews.save, icon: "plus", run: () => setSaving(true) }] : [];
  if (!offered && save.length === 0) return null;
  return (
    <>
      {current ? (
        <CurrentChip view={current} all={views} filter={filter} />
      ) : (
        <OpenChip views={views} more={save} />
      )}
      {saving && <ViewDialog filter={filter} onClose={() => setSaving(false)} />}
    </>
  );
}

function useOpenItems(views: View[], current?: View): MenuItem[] {
  const [, navigate] = useLocation();
  return views.map((view, index) => ({
    label: view.name,
    hint: index < 9 ? `g ${index + 1}` : undefined,
    checked: view.id === current?.id,
    run: () => navigate(addressOfView(view)),
  }));
}

function OpenChip({ views, more }: { views: View[]; more: MenuItem[] }) {
  const items = useOpenItems(views);
  const all: MenuItem[] = items.length > 0 && more.length > 0 ? [...more, "separator", ...items] : [...more, ...items];
  return <ChipMenu label={m.savedViews.menu} value={m.savedViews.menu} on={false} short items={all} />;
}

function CurrentChip({ view, all, filter }: { view: View; all: View[]; filter: ConversationFilter }) {
  const open = useOpenItems(all, view);
  const { items, dialog } = useViewItems(view, all, filter);
  return (
    <>
      <ChipMenu label={m.savedViews.menu} value={view.name} on short items={[...open, "separator", ...items]} />
      {dialog}
    </>
  );
}
