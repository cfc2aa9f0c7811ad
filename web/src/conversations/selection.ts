/** Which conversations of the list are selected. Pure: what was done in, what is selected out. */

export type Selection = {
  ids: ReadonlySet<string>;
  /** Where a range begins: the last one that was selected by itself. */
  anchor: string | null;
};

export const NOTHING: Selection = { ids: new Set(), anchor: null };

export function toggled(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: id };
}

/** All from the anchor to this one, both included; what was selected before stays. */
export function rangeTo(selection: Selection, id: string, listed: readonly string[]): Selection {
  const to = listed.indexOf(id);
  const from = selection.anchor === null ? -1 : listed.indexOf(selection.anchor);
  if (to < 0 || from < 0) return { ids: new Set([...selection.ids, id]), anchor: id };
  const between = listed.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ids: new Set([...selection.ids, ...between]), anchor: selection.anchor };
}

/** One step of Shift and an arrow: selects where one was and where one goes; back over selected ones it takes them away again. */
export function extended(selection: Selection, from: string, to: string): Selection {
  const ids = new Set(selection.ids);
  if (ids.has(from) && ids.has(to)) ids.delete(from);
  else ids.add(from).add(to);
  return { ids, anchor: to };
}

export function all(listed: readonly string[]): Selection {
  return { ids: new Set(listed), anchor: listed[0] ?? null };
}
