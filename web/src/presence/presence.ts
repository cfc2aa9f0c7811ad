/** Who is at which conversation, as the stream last told. Never asks: whoever comes or goes is told of. */

import type { ConversationPresence } from "../api/types";

export type Person = ConversationPresence["people"][number];

const NOBODY: Person[] = [];
let places = new Map<string, Person[]>();
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

export const presence = {
  at: (conversationId: string): Person[] => places.get(conversationId) ?? NOBODY,
  told: ({ conversationId, people }: ConversationPresence): void => {
    if (people.length > 0) places.set(conversationId, people);
    else places.delete(conversationId);
    tell();
  },
  /** The stream begins anew, and tells all of it again. */
  forget: (): void => {
    places = new Map();
    tell();
  },
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  },
};
