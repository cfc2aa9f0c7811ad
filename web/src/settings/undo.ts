/** How long what is sent from here can be taken back. Kept in this browser. */

const KEY = "postroom.undoSeconds";

export const UNDO_CHOICES = [0, 5, 10, 30] as const;
export type UndoSeconds = (typeof UNDO_CHOICES)[number];

const USUAL: UndoSeconds = 10;

export function undoSeconds(): UndoSeconds {
  try {
    const kept = localStorage.getItem(KEY);
    return UNDO_CHOICES.find((each) => String(each) === kept) ?? USUAL;
  } catch {
    return USUAL;
  }
}

export function setUndoSeconds(seconds: UndoSeconds): void {
  try {
    localStorage.setItem(KEY, String(seconds));
  } catch {
    // Storage is blocked: the usual time it stays.
  }
}
