/** One key for one content: sending again after a lost answer makes no second message, a changed one is new. */

import { useRef } from "react";

export function useIdempotencyKey(): (body: unknown) => string {
  const last = useRef<{ content: string; key: string } | null>(null);
  return (body) => {
    const content = JSON.stringify(body);
    if (last.current?.content !== content) last.current = { content, key: newKey() };
    return last.current.key;
  };
}

/** `crypto.randomUUID` exists on secure origins only; a local network's plain http is none. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
