/** A message asks to be forwarded; the composer of its conversation hears it. */

import type { Message } from "../api/types";

const listeners = new Set<(message: Message) => void>();

export function forward(message: Message): boolean {
  for (const listener of listeners) listener(message);
  return true;
}

export function onForward(listener: (message: Message) => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
