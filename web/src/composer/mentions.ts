/** Mentioning people in a note: what is typed behind an `@`, and whom it could mean. Pure. */

import type { User } from "../api/types";

export type Mentioning = { start: number; typed: string };

/** The `@` that is being typed at the caret; it begins a word. */
export function mentioningAt(text: string, caret: number): Mentioning | null {
  const before = text.slice(0, caret);
  const found = /(?:^|[^\p{L}\p{N}])@([\p{L}\p{N}._+-]*(?: [\p{L}\p{N}._+-]*)?)$/u.exec(before);
  if (!found) return null;
  const typed = found[1] ?? "";
  return { start: caret - typed.length - 1, typed };
}

export function peopleFor(typed: string, users: User[]): User[] {
  const wanted = typed.toLowerCase();
  const begins = (user: User) => {
    const name = (user.name ?? "").toLowerCase();
    return name.startsWith(wanted) || name.split(/\s+/).some((word) => word.startsWith(wanted)) || user.email.toLowerCase().startsWith(wanted);
  };
  return users.filter(begins).slice(0, 8);
}

/** As the server reads it again: the whole name, or the address where there is none, or several have it. */
export function writtenAs(user: User, users: User[]): string {
  const name = user.name?.trim();
  const alone = name && users.filter((other) => other.name?.trim().toLowerCase() === name.toLowerCase()).length === 1;
  return `@${alone ? name : user.email}`;
}
