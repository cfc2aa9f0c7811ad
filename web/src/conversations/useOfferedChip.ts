/** Whether a filter is offered that not every workspace has something for. Owns how that was the last time, in this browser. */

import { useEffect } from "react";

type Name = "team" | "channel" | "sla" | "views";

const keyOf = (name: Name) => `postroom.filter.${name}`;

function offeredBefore(name: Name): boolean {
  try {
    return localStorage.getItem(keyOf(name)) === "true";
  } catch {
    return false;
  }
}

/** `offered`: undefined while it is not known. Until then it is as it was, so that the list below stays where it is. */
export function useOfferedChip(name: Name, offered: boolean | undefined): boolean {
  useEffect(() => {
    if (offered === undefined) return;
    try {
      localStorage.setItem(keyOf(name), String(offered));
    } catch {
      // Storage is blocked: the list moves when it is known.
    }
  }, [name, offered]);
  return offered ?? offeredBefore(name);
}
