/** Leaving a page with something unsaved on it: whoever guards it is asked first, whichever way it is left. Owns the guards. */

import { useEffect } from "react";
import type { AroundNavHandler } from "wouter";

/** Calls `leave` if it may be, then or later. */
type Ask = (leave: () => void) => void;

/** Of a page with several forms, each its own. The last one asks for all: what is left is the page. */
let guards: { ask: Ask; address: string; release: () => void }[] = [];

/** For the router: links, keys and commands. */
export const aroundNav: AroundNavHandler = (navigate, to, options) => {
  leave(() => navigate(to, options));
};

/** For whatever else takes the page away. */
export function leave(go: () => void): void {
  const guard = guards.at(-1);
  if (guard) guard.ask(() => leaveFreely(go));
  else go();
}

/** For what has asked already, or has nothing left to save (what was deleted). */
export function leaveFreely(go: () => void): void {
  for (const { release } of guards) release();
  guards = [];
  go();
}

// Here and not where the guard is set: a window calls its listeners in the order they came, and the router's must not be first.
window.addEventListener("popstate", (event) => {
  const guard = guards.at(-1);
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
    const onBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    const release = () => window.removeEventListener("beforeunload", onBeforeUnload);
    const own = { ask, address: window.location.href, release };
    guards.push(own);
    window.addEventListener("beforeunload", onBeforeUnload);
    return () => {
      guards = guards.filter((each) => each !== own);
      release();
    };
  }, [unsaved, ask]);
}
