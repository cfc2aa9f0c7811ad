/** One key for one content: sending again after a lost answer makes no second message, a changed one is new. */

import { useRef } from "react";

export type Attempt = { content: string; key: string };

/** The attempt this is: the last one again, or another. */
export function attemptOf(body: unknown, last: Attempt | null | undefined): Attempt {
  const content = JSON.stringify(body);
  return last?.content === content ? last : { content, key: newKey() };
}

export function useIdempotencyKey(): (body: unknown) => string {
  const last = useRef<Attempt | null>(null);
  return (body) => {
    last.current = attemptOf(body, last.current);
    return last.current.key;
  };
}

/** `crypto.randomUUID` exists on secure origins only; a local network's plain http is none. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
