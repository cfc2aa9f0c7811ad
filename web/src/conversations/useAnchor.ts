/** Keeps what is in sight where it is while the list changes above it. Rows have one height, so a place is a number. */

import { useLayoutEffect, useRef, type RefObject } from "react";

type Anchor = { id: string; offset: number };

export function useAnchor(scroller: RefObject<HTMLElement | null>, ids: readonly string[], rowPx: number): void {
  const anchor = useRef<Anchor | null>(null);
  const latest = useRef(ids);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const remember = () => {
      const index = Math.floor(element.scrollTop / rowPx);
      const id = latest.current[index];
      // At the very top one wants to see what comes.
      anchor.current = element.scrollTop < rowPx / 2 || id === undefined ? null : { id, offset: element.scrollTop - index * rowPx };
    };
    element.addEventListener("scroll", remember, { passive: true });
    return () => element.removeEventListener("scroll", remember);
  }, [scroller, rowPx]);

  useLayoutEffect(() => {
    const before = latest.current;
    latest.current = ids;
    const element = scroller.current;
    const kept = anchor.current;
    if (!element || !kept || before === ids) return;
    const at = Math.floor(element.scrollTop / rowPx);
    // Mostly it is where it was, or a few places further.
    const index = ids[at] === kept.id ? at : ids.indexOf(kept.id);
    if (index < 0) return;
    const top = index * rowPx + kept.offset;
    if (Math.abs(top - element.scrollTop) >= 1) element.scrollTop = top;
  }, [scroller, ids, rowPx]);
}
