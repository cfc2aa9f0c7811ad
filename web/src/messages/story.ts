/** The story of one delivery, from what the server keeps: what happened when, in order, and what comes next. Pure. */

import type { Delivery, DeliveryAttempt, Message, MessageStatus, Suppression } from "../api/types";
import { m } from "../i18n";
import { readAnswer, type Answer } from "./answer";

export type Outcome = "taken" | "deferred" | "refused" | "unreachable" | "captured" | "suppressed" | "reported";

export type Chapter =
  | { kind: "accepted"; at: string; scheduledAt: string | null }
  | { kind: "attempt"; at: string; number: number; outcome: Outcome; attempt: DeliveryAttempt; answer: Answer; last: boolean }
  | { kind: "report"; at: string; attempt: DeliveryAttempt; answer: Answer }
  | { kind: "held"; at: string; attempt: DeliveryAttempt | null }
  | { kind: "cancelled"; at: string }
  | { kind: "under way" }
  | { kind: "next"; at: string; first: boolean }
  | { kind: "opened" | "clicked"; at: string; lastAt: string | null; times: number }
  | { kind: "unsubscribed"; at: string };

const ARRIVED: ReadonlySet<MessageStatus> = new Set<MessageStatus>(["sent", "delivered"]);

function outcomeOf(answer: Answer, isLast: boolean, status: MessageStatus): Outcome {
  if (answer.meaning === "captured") return "captured";
  if (answer.class === 2 || (answer.class === null && isLast && ARRIVED.has(status))) return "taken";
  if (answer.class === 5) return "refused";
  return answer.class === 4 ? "deferred" : "unreachable";
}

/** `suppressions` are those of the recipient's address. */
export function storyOf(message: Message, delivery: Delivery, suppressions: Suppression[] = []): Chapter[] {
  const { attempts, status } = delivery;
  const chapters: Chapter[] = [{ kind: "accepted", at: delivery.createdAt, scheduledAt: message.scheduledAt ?? null }];
  let number = 0;
  attempts.forEach((attempt, index) => {
    const answer = readAnswer(attempt.response);
    const last = index === attempts.length - 1;
    if (answer.meaning === "suppressed") {
      chapters.push({ kind: "held", at: attempt.at, attempt });
    } else if (answer.reported) {
      chapters.push({ kind: "report", at: attempt.at, attempt, answer });
    } else {
      number += 1;
      chapters.push({ kind: "attempt", at: attempt.at, number, outcome: outcomeOf(answer, last, status), attempt, answer, last });
    }
  });
  if (status === "suppressed" && !chapters.some((chapter) => chapter.kind === "held")) {
    chapters.push({ kind: "held", at: delivery.updatedAt, attempt: null });
  }
  if (status === "cancelled") chapters.push({ kind: "cancelled", at: delivery.updatedAt });
  chapters.push(...whatTheyDid(message, delivery, suppressions));
  const inOrder = chapters.toSorted((a, b) => timeOf(a) - timeOf(b));
  if (status === "sending") inOrder.push({ kind: "under way" });
  else if (delivery.nextAttemptAt) inOrder.push({ kind: "next", at: delivery.nextAttemptAt, first: number === 0 });
  return inOrder;
}

/** Opens and clicks are counted where there is one recipient; an opt-out names the message it came by. */
function whatTheyDid(message: Message, delivery: Delivery, suppressions: Suppression[]): Chapter[] {
  const found: Chapter[] = [];
  const { engagement } = message;
  if (engagement && message.recipients.length === 1) {
    const { opens, firstOpenedAt, lastOpenedAt, clicks, firstClickedAt, lastClickedAt } = engagement;
    if (firstOpenedAt) found.push({ kind: "opened", at: firstOpenedAt, lastAt: lastOpenedAt ?? null, times: opens });
    if (firstClickedAt) found.push({ kind: "clicked", at: firstClickedAt, lastAt: lastClickedAt ?? null, times: clicks });
  }
  const optOut = suppressions.find((each) => each.reason === "unsubscribe" && each.messageId === message.id);
  if (optOut && optOut.address.toLowerCase() === delivery.recipient.toLowerCase()) {
    found.push({ kind: "unsubscribed", at: optOut.createdAt });
  }
  return found;
}

function timeOf(chapter: Chapter): number {
  return "at" in chapter ? new Date(chapter.at).getTime() : Number.POSITIVE_INFINITY;
}

const RETRYABLE: ReadonlySet<MessageStatus> = new Set<MessageStatus>(["failed", "bounced", "deferred", "suppressed"]);
const CANCELLABLE: ReadonlySet<MessageStatus> = new Set<MessageStatus>(["scheduled", "queued"]);

/** By its recipients: one of several may wait while another is through. */
export function canBe(message: Message): { retried: boolean; cancelled: boolean } {
  const statuses = [message.status, ...message.recipients.map((recipient) => recipient.status)];
  const any = (wanted: ReadonlySet<MessageStatus>) => statuses.some((status) => status != null && wanted.has(status));
  return { retried: any(RETRYABLE), cancelled: any(CANCELLABLE) };
}

export function subjectOf(message: Message): string {
  return (message.content.type === "email" && message.content.email.subject) || m.list.noSubject;
}
