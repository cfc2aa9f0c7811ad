/** Brings commands to whoever handles them: the component mounted last goes first. Owns the one keydown listener. */

import { useEffect, useRef } from "react";
import { interpret, type Command, type Pending } from "./keymap";

/** Return `false` to leave the command to the next handler. */
export type Handlers = Partial<Record<Command, () => boolean | void>>;

const stack: { current: Handlers }[] = [];
let pending: Pending = null;

export function run(command: Command): boolean {
  for (let index = stack.length - 1; index >= 0; index -= 1) {
    const handler = stack[index]?.current[command];
    if (handler && handler() !== false) return true;
  }
  return false;
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "file"].includes(target.type);
}

function onKeyDown(event: KeyboardEvent): void {
  // A modal dialog or an open menu has the keyboard to itself, and so has an editor that is still on its way.
  const typing = isTyping(event.target) || event.isComposing;
  const modal = document.querySelector("dialog[open], [role=menu], [role=listbox], [data-keys=off]") !== null;
  const result = interpret(pending, {
    key: event.key,
    ctrl: event.ctrlKey,
    meta: event.metaKey,
    alt: event.altKey,
    typing: typing || modal,
    onControl: event.target instanceof Element && event.target.closest("a, button, summary, input") !== null,
    atMs: event.timeStamp,
  });
  pending = result.pending;
  if (!result.command || event.defaultPrevented || (event.repeat && !["next", "previous", "selectNext", "selectPrevious"].includes(result.command))) return;
  if (modal && result.command === "palette" && document.querySelector("dialog[open]")) return;
  if (run(result.command)) event.preventDefault();
}

let listening = 0;

export function useCommands(handlers: Handlers): void {
  const entry = useRef(handlers);
  useEffect(() => {
    entry.current = handlers;
  });
  useEffect(() => {
    stack.push(entry);
    if (listening === 0) document.addEventListener("keydown", onKeyDown);
    listening += 1;
    return () => {
      stack.splice(stack.indexOf(entry), 1);
      listening -= 1;
      if (listening === 0) document.removeEventListener("keydown", onKeyDown);
    };
  }, []);
}

export const isMac = typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.platform);
/** The key that Ctrl is elsewhere. */
export const modifierName = isMac ? "⌘" : "Ctrl";
