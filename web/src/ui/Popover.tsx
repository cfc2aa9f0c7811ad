/** Something small beside a button: placed within the window, closed by Escape or a click elsewhere. */

import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type CSSProperties,
  type ReactNode,
  type RefObject,
} from "react";
import styles from "./Popover.module.css";

/** Unseen until it has its place, but there: what is inside takes the focus before that. */
const UNPLACED: CSSProperties = { top: 0, left: 0, opacity: 0 };
const GAP_PX = 6;
const EDGE_PX = 8;

type Props = {
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
  children: ReactNode;
  /** The element's own role belongs to what is inside (a menu, a listbox). */
  label?: string;
};

export function Popover({ anchor, onClose, children, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<CSSProperties>(UNPLACED);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });

  useLayoutEffect(() => {
    const update = () => {
      const from = anchor.current?.getBoundingClientRect();
      const size = box.current?.getBoundingClientRect();
      if (!from || !size) return;
      const below = from.bottom + GAP_PX;
      const fitsBelow = below + size.height <= window.innerHeight - EDGE_PX;
      const top = fitsBelow ? below : Math.max(EDGE_PX, from.top - GAP_PX - size.height);
      const left = Math.max(EDGE_PX, Math.min(from.left, window.innerWidth - size.width - EDGE_PX));
      setPlace({ top, left });
    };
    update();
    const observer = new ResizeObserver(update);
    if (box.current) observer.observe(box.current);
    window.addEventListener("resize", update);
    return () => {
      observer.disconnect();
      window.removeEventListener("resize", update);
    };
  }, [anchor]);

  useEffect(() => {
    const onPointer = (event: PointerEvent) => {
      const target = event.target as Node;
      if (!box.current?.contains(target) && !anchor.current?.contains(target)) close.current();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      close.current();
    };
    document.addEventListener("pointerdown", onPointer, true);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPointer, true);
      document.removeEventListener("keydown", onKey, true);
    };
  }, [anchor]);

  return (
    <div ref={box} className={styles.popover} style={place} role={label ? "dialog" : undefined} aria-label={label}>
      {children}
    </div>
  );
}

export type PopoverState = {
  open: boolean;
  anchor: RefObject<HTMLSpanElement | null>;
  toggle: () => void;
  show: () => void;
  close: () => void;
};

/** Open or closed, and the element to put the popover beside. */
export function usePopover(): PopoverState {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const toggle = useCallback(() => setOpen((value) => !value), []);
  const show = useCallback(() => setOpen(true), []);
  const close = useCallback(() => {
    // What was inside is gone in a moment, and the focus with it.
    if (anchor.current?.contains(document.activeElement)) anchor.current.querySelector("button")?.focus();
    setOpen(false);
  }, []);
  return { open, anchor, toggle, show, close };
}

export function Anchor({ anchor, children }: { anchor: RefObject<HTMLSpanElement | null>; children: ReactNode }) {
  return (
    <span ref={anchor} className={styles.anchor}>
      {children}
    </span>
  );
}
