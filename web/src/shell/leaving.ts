/** Leaving a page with something unsaved on it: whoever guards it is asked first, whichever way it is left. Owns that one guard. */

import { useEffect } from "react";
import type { AroundNavHandler } from "wouter";

/** Calls `leave` if it may be, then or later. */
type Guard = (leave: () => void) => void;

let guard: Guard | null = null;

/** For the router: links, keys and commands. */
export const aroundNav: AroundNavHandler = (navigate, to, options) => {
  if (guard) guard(() => leaveFreely(() => navigate(to, options)));
  else navigate(to, options);
};

/** For what has asked already, or has nothing left to save (what was deleted). */
export function leaveFreely(leave: () => void): void {
  guard = null;
  leave();
}

/** Asks through `ask` as long as `unsaved` holds; closing the tab is asked about by the browser. */
export function useLeavingGuard(unsaved: boolean, ask: Guard): void {
  useEffect(() => {
    if (!unsaved) return undefined;
    const here = window.location.href;
    guard = ask;
    const onPopState = (event: PopStateEvent) => {
      if (guard !== ask) return;
      // The address has changed already, and nobody was told: it is put back, one step further.
      event.stopImmediatePropagation();
      window.history.pushState(null, "", here);
      ask(() => leaveFreely(() => window.history.back()));
    };
    const onBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("popstate", onPopState, true);
    window.addEventListener("beforeunload", onBeforeUnload);
    return () => {
      if (guard === ask) guard = null;
      window.removeEventListener("popstate", onPopState, true);
      window.removeEventListener("beforeunload", onBeforeUnload);
    };
  }, [unsaved, ask]);
}
