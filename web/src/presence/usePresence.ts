/** Tells others that somebody is at a conversation and writes, and who else is. */

import { useEffect, useRef, useSyncExternalStore } from "react";
import { conversations } from "../api/endpoints";
import { useSession } from "../session/useSession";
import { useVisible } from "../ui/useVisible";
import { presence, type Person } from "./presence";

/** The server forgets after 45 seconds. */
const SAY_AGAIN_MS = 20_000;
/** It forgets that somebody writes after 8. */
const TYPING_MS = 4_000;

/** Everybody there but this person. */
export function useOthersAt(conversationId: string): Person[] {
  const { user } = useSession();
  const people = useSyncExternalStore(presence.subscribe, () => presence.at(conversationId));
  return people.filter((person) => person.userId !== user.id);
}

export function usePresentAt(conversationId: string): void {
  const visible = useVisible();
  useEffect(() => {
    if (!visible) return undefined;
    const say = () => void conversations.putPresence(conversationId).catch(() => undefined);
    say();
    const timer = setInterval(say, SAY_AGAIN_MS);
    const leave = () => void conversations.leave(conversationId).catch(() => undefined);
    window.addEventListener("pagehide", leave);
    return () => {
      clearInterval(timer);
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [conversationId, visible]);
}

/** Whenever what is written changes, others are told, but not with every key. */
export function useTypingHere(conversationId: string, written: string): void {
  const before = useRef(written);
  const toldAtMs = useRef(0);
  useEffect(() => {
    if (before.current === written) return;
    before.current = written;
    const now = Date.now();
    const over = written === "";
    if (!over && now - toldAtMs.current < TYPING_MS) return;
    toldAtMs.current = over ? 0 : now;
    void conversations.putPresence(conversationId, !over).catch(() => undefined);
  }, [conversationId, written]);
}
