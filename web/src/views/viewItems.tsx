/** What can be done with a saved view, as the items of a menu, and the dialog that some of it needs. */

import { useState, type ReactNode } from "react";
import type { View } from "../api/types";
import type { ConversationFilter } from "../conversations/filter";
import { searchFromFilter } from "../conversations/filter";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import type { MenuItem } from "../ui/Menu";
import { useChangeView, useMayChange, useRemoveView } from "./queries";
import { ViewDialog } from "./ViewDialog";
import { filterOfView, viewOfFilter } from "./viewFilter";

/** `shown`: the filters as they are now, to be saved into the view. */
export function useViewItems(view: View, all: View[], shown: ConversationFilter | null): { items: MenuItem[]; dialog: ReactNode } {
  const { user } = useSession();
  const [renaming, setRenaming] = useState(false);
  const change = useChangeView();
  const remove = useRemoveView();
  const may = useMayChange(view);
  if (!may) return { items: [{ heading: m.savedViews.shared }], dialog: null };
  const own = all.filter((each) => each.ownerId === user.id);
  const place = own.findIndex((each) => each.id === view.id);
  const differs = shown !== null && searchFromFilter(shown) !== searchFromFilter(filterOfView(view.filter));
  const items: MenuItem[] = [
    { label: m.savedViews.rename, icon: "edit", run: () => setRenaming(true) },
    ...(differs
      ? [
          {
            label: m.savedViews.update,
            icon: "check" as const,
            run: () => change.mutate({ view, change: { filter: viewOfFilter(shown) }, said: m.savedViews.updated(view.name) }),
          },
        ]
      : []),
    {
      label: view.shared ? m.savedViews.unshare : m.savedViews.shareAction,
      icon: "people",
      run: () =>
        change.mutate({
          view,
          change: { shared: !view.shared },
          said: view.shared ? m.savedViews.noLongerShared(view.name) : m.savedViews.nowShared(view.name),
        }),
    },
    ...(place > 0
      ? [{ label: m.savedViews.up, icon: "up" as const, run: () => change.mutate({ view, change: { position: place - 1 } }) }]
      : []),
    ...(place >= 0 && place < own.length - 1
      ? [{ label: m.savedViews.down, icon: "down" as const, run: () => change.mutate({ view, change: { position: place + 1 } }) }]
      : []),
    "separator",
    { label: m.savedViews.remove, icon: "trash", danger: true, run: () => remove.mutate(view) },
  ];
  return { items, dialog: renaming && <ViewDialog view={view} onClose={() => setRenaming(false)} /> };
}
