/** How far somebody has come with setting up a way in for mail. Kept in the browser, without the password, so that a reload loses nothing. */

import { useEffect, useState } from "react";
import { emptyForm, type ChannelForm } from "../channels/form";

export type Way = "forwarding" | "smtp_imap" | "domain" | "sandbox";
export type Step = "way" | "address" | "servers" | "records" | "receive";

/** What was found out about a mailbox's servers, and for which address. */
export type Found = { email: string; source: string };

export type SetUp = {
  step: Step;
  way: Way | null;
  form: ChannelForm;
  found: Found | null;
  channelId: string | null;
  domainId: string | null;
  useCaseId: string | null;
  /** The first mail's. */
  conversationId: string | null;
  arrivedAtMs: number | null;
};

export type Change = (change: Partial<SetUp>) => void;

/** The first start shows its mail again after a reload, but not the next day. */
const ARRIVED_MS_MAX = 60 * 60_000;

const STEPS: Record<Way, Step[]> = {
  forwarding: ["way", "address", "receive"],
  smtp_imap: ["way", "address", "servers", "receive"],
  domain: ["way", "address", "records", "receive"],
  sandbox: ["way", "address", "receive"],
};

export function stepsOf(way: Way | null): Step[] {
  return STEPS[way ?? "forwarding"];
}

/** Before anything was made; after that there is no way back but another way. */
export function stepBefore({ way, step }: SetUp): Step {
  const steps = stepsOf(way);
  return steps[steps.indexOf(step) - 1] ?? "way";
}

export function emptySetUp(): SetUp {
  return {
    step: "way",
    way: null,
    form: emptyForm("forwarding"),
    found: null,
    channelId: null,
    domainId: null,
    useCaseId: null,
    conversationId: null,
    arrivedAtMs: null,
  };
}

export function chosen(way: Way, form: ChannelForm): Partial<SetUp> {
  // A domain's address is no channel's; its name and address are in the same fields.
  return { way, form: { ...form, provider: way === "domain" ? "forwarding" : way } };
}

/** What was kept, if it can still be read: another version may have written it. */
export function readSetUp(text: string | null): SetUp | null {
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as Partial<SetUp>;
    const way = kept.way ?? null;
    if (way !== null && !(way in STEPS)) return null;
    if (!kept.step || !stepsOf(way).includes(kept.step)) return null;
    return { ...emptySetUp(), ...kept, form: { ...emptyForm("forwarding"), ...kept.form, password: "" } };
  } catch {
    return null;
  }
}

export function writeSetUp(setUp: SetUp): string {
  return JSON.stringify({ ...setUp, form: { ...setUp.form, password: "" } });
}

/** The first start's own outlives the tab, a channel's wizard does not. */
export type Place = "first" | "new";

const storeOf = (place: Place): Storage => (place === "first" ? localStorage : sessionStorage);
const keyOf = (place: Place, userId: string) => `postroom.setUp.${place}.${userId}`;

function load(place: Place, userId: string): SetUp | null {
  try {
    return readSetUp(storeOf(place).getItem(keyOf(place, userId)));
  } catch {
    return null;
  }
}

function keep(place: Place, userId: string, setUp: SetUp | null): void {
  try {
    if (setUp) storeOf(place).setItem(keyOf(place, userId), writeSetUp(setUp));
    else storeOf(place).removeItem(keyOf(place, userId));
  } catch {
    // Storage is blocked: it lasts as long as the page.
  }
}

/** Whether the first start's mail came a moment ago and nobody has gone on from it. */
export function isArriving(userId: string, nowMs: number): boolean {
  const kept = load("first", userId);
  return kept?.conversationId != null && nowMs - (kept.arrivedAtMs ?? 0) < ARRIVED_MS_MAX;
}

export function useSetUp(place: Place, userId: string): { setUp: SetUp; change: Change; forget: () => void } {
  const [setUp, setSetUp] = useState(() => load(place, userId) ?? emptySetUp());
  useEffect(() => keep(place, userId, setUp), [place, userId, setUp]);
  return {
    setUp,
    change: (change) => setSetUp((before) => ({ ...before, ...change })),
    forget: () => {
      keep(place, userId, null);
      setSetUp(emptySetUp());
    },
  };
}
