/** Leaving a page with something unsaved on it: whoever guards it is asked first, whichever way it is left. Owns that one guard. */

import { useEffect } from "react";
import type { AroundNavHandler } from "wouter";

/** Calls `leave` if it may be, then or later. */
type Ask = (leave: () => void) => void;

let guard: { ask: Ask; address: string } | null = null;

/** For the router: links, keys and commands. */
export const aroundNav: AroundNavHandler = (navigate, to, options) => {
  if (guard) guard.ask(() => leaveFreely(() => navigate(to, options)));
  else navigate(to, options);
};

/** For what has asked already, or has nothing left to save (what was deleted). */
export function leaveFreely(leave: () => void): void {
  guard = null;
  leave();
}

// Here and not where the guard is set: a window calls its listeners in the order they came, and the router's must not be first.
window.addEventListener("popstate", (event) => {
  if (!guard) return;
  // The address has changed already, and nobody was told: it is put back, one step further.
  event.stopImmediatePropagation();
  window.history.pushState(null, "", guard.address);
  guard.ask(() => leaveFreely(() => window.history.back()));
});

/** Asks through `ask` as long as `unsaved` holds; closing the tab is asked about by the browser. */
export function useLeavingGuard(unsaved: boolean, ask: Ask): void {
  useEffect(() => {
    if (!unsaved) return undefined;
    const own = { ask, address: window.location.href };
    guard = own;
    const onBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", onBeforeUnload);
    return () => {
      if (guard === own) guard = null;
      window.removeEventListener("beforeunload", onBeforeUnload);
    };
  }, [unsaved, ask]);
}
