/** The list's selection as it lives: it survives scrolling and live changes, and ends with the filter or when all of it left the list. */

import { useCallback, useMemo, useRef, useState } from "react";
import type { Conversation } from "../api/types";
import type { Wish } from "./BulkBar";
import { searchFromFilter, type ConversationFilter } from "./filter";
import { all, extended, NOTHING, rangeTo, toggled, type Selection } from "./selection";

export function useSelected(filter: ConversationFilter, items: Conversation[], ids: readonly string[]) {
  const view = searchFromFilter(filter);
  const [state, setState] = useState<{ view: string; selection: Selection; wish: Wish | null }>({
    view,
    selection: NOTHING,
    wish: null,
  });
  const selection = state.view === view ? state.selection : NOTHING;
  const latest = useRef({ view, ids });
  latest.current = { view, ids };

  const set = useCallback((change: (present: Selection) => Selection, wish: Wish | null = null) => {
    setState((present) => {
      const now = latest.current.view;
      return { view: now, selection: change(present.view === now ? present.selection : NOTHING), wish };
    });
  }, []);
  const select = useCallback(
    (id: string, range: boolean) => set((present) => (range ? rangeTo(present, id, latest.current.ids) : toggled(present, id))),
    [set],
  );
  const targets = useMemo(
    () => (selection.ids.size === 0 ? [] : items.filter((item) => selection.ids.has(item.id))),
    [items, selection],
  );
  return {
    targets,
    wish: state.wish,
    has: (id: string) => selection.ids.has(id),
    select,
    extend: (from: string, to: string) => set((present) => extended(present, from, to)),
    only: (id: string, wish: Wish) => set(() => toggled(NOTHING, id), wish),
    all: useCallback(() => set(() => all(latest.current.ids)), [set]),
    clear: useCallback(() => set(() => NOTHING), [set]),
  };
}
