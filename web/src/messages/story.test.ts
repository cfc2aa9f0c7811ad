import { expect, it } from "vitest";
import type { Delivery, DeliveryAttempt, Message, Suppression } from "../api/types";
import { canBe, storyOf } from "./story";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
const attempt = (minute: number, response: string, host: string | null = "mx.example.org"): DeliveryAttempt => ({
  at: at(minute),
  host,
  response,
  tls: host !== null,
});
const message = (change: object = {}) =>
  ({ id: "msg_1", status: "delivered", scheduledAt: null, recipients: [{ address: "ada@example.org" }], ...change }) as Message;
const delivery = (change: Partial<Delivery>): Delivery => ({
  id: "dlv_1",
  messageId: "msg_1",
  recipient: "ada@example.org",
  status: "delivered",
  transport: "mx",
  attempts: [],
  nextAttemptAt: null,
  createdAt: at(0),
  updatedAt: at(0),
  ...change,
});
const told = (...args: Parameters<typeof storyOf>) =>
  storyOf(...args).map((chapter) => (chapter.kind === "attempt" ? chapter.outcome : chapter.kind));

it("is put off, then taken, opened, and left", () => {
  const attempts = [attempt(1, "450 4.7.1 Greylisting in action"), attempt(6, "250 2.0.0 OK")];
  const engagement = { opens: 2, firstOpenedAt: at(9), lastOpenedAt: at(10), clicks: 1, firstClickedAt: at(11), lastClickedAt: at(11) };
  const optOut = { reason: "unsubscribe", messageId: "msg_1", address: "ada@example.org", createdAt: at(12) } as Suppression;
  expect(told(message({ engagement }), delivery({ attempts }), [optOut])).toEqual([
    "accepted",
    "deferred",
    "taken",
    "opened",
    "clicked",
    "unsubscribed",
  ]);
});

it("says when the next attempt is, and that the first is yet to come", () => {
  const put = delivery({ status: "deferred", attempts: [attempt(1, "the connection was refused", null)], nextAttemptAt: at(20) });
  expect(told(message(), put)).toEqual(["accepted", "unreachable", "next"]);
  const [, next] = storyOf(message(), delivery({ status: "scheduled", nextAttemptAt: at(20) }));
  expect(next).toEqual({ kind: "next", at: at(20), first: true });
});

it("does not take the end of a lease for the next attempt", () => {
  expect(told(message(), delivery({ status: "sending", nextAttemptAt: at(20) }))).toEqual(["accepted", "under way"]);
});

it("tells a refusal from what was reported later", () => {
  expect(told(message(), delivery({ status: "bounced", attempts: [attempt(1, "550 5.1.1 no such user")] }))).toEqual(["accepted", "refused"]);
  const reported = [attempt(1, "250 OK"), attempt(9, "reported: smtp; 550 5.1.1 unknown", null)];
  expect(told(message(), delivery({ status: "bounced", attempts: reported }))).toEqual(["accepted", "taken", "report"]);
});

it("says that an address was held back, with its reason or without", () => {
  const words = "not sent: the address is suppressed for the workspace (manual, sup_1)";
  expect(told(message(), delivery({ status: "suppressed", attempts: [attempt(0, words, null)] }))).toEqual(["accepted", "held"]);
  expect(told(message(), delivery({ status: "suppressed" }))).toEqual(["accepted", "held"]);
});

it("ends where it was cancelled", () => {
  expect(told(message(), delivery({ status: "cancelled", updatedAt: at(2) }))).toEqual(["accepted", "cancelled"]);
});

it("opens are nobody's in particular where there are several recipients", () => {
  const two = message({ recipients: [{}, {}], engagement: { opens: 1, firstOpenedAt: at(2), clicks: 0 } });
  expect(told(two, delivery({}))).toEqual(["accepted"]);
});

it("a message with one recipient through and one waiting can be retried", () => {
  const recipients = [{ status: "delivered" }, { status: "deferred" }];
  expect(canBe(message({ status: "deferred", recipients }))).toEqual({ retried: true, cancelled: false });
  expect(canBe(message({ status: "scheduled", recipients: [] }))).toEqual({ retried: false, cancelled: true });
});
