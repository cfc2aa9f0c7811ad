/** Short messages about what just happened. Owns the queue; Toasts.tsx shows it. */

import { asProblem } from "../api/problem";

export type Toast = {
  id: number;
  text: string;
  /** What follows the text, in the server's words and their language. */
  said?: { text: string; lang: string | undefined };
  tone: "plain" | "danger";
  action?: { label: string; run: () => void };
  /** How long it is there, milliseconds. */
  shownMs: number;
  /** Shows how that time runs out: afterwards it is too late. */
  countdown: boolean;
};

const SHOWN_MS = 6_000;
const SHOWN_MAX = 3;

let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function change(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function toast(text: string, options: Partial<Pick<Toast, "said" | "tone" | "action" | "shownMs" | "countdown">> = {}): number {
  const id = nextId;
  nextId += 1;
  const { said, tone = "plain", action, countdown = false } = options;
  const shownMs = options.shownMs ?? (tone === "danger" ? SHOWN_MS * 2 : SHOWN_MS);
  change([...toasts, { id, text, said, tone, action, shownMs, countdown }].slice(-SHOWN_MAX));
  setTimeout(() => dismiss(id), shownMs);
  return id;
}

/** What the server refused, in its words. An ended session speaks for itself: the sign-in page is there already. */
export function toastProblem(title: string, error: unknown): void {
  const problem = asProblem(error);
  if (problem.status === 401) return;
  toast(`${title}: `, { tone: "danger", said: { text: problem.message, lang: problem.language } });
}

export function dismiss(id: number): void {
  change(toasts.filter((each) => each.id !== id));
}

/** Nothing that was said to one person is there for the next. */
export function dismissAll(): void {
  change([]);
}

export const toastStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  get: () => toasts,
};
