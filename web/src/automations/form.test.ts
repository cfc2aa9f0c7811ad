import { expect, it } from "vitest";
import type { Automation } from "../api/types";
import { bodyOf, changeOf, complaintsOf, formOf, formOfStart, newAction, newCondition, operatorsOf, withField } from "./form";
import { bodyOfHours, formOfHours, hoursComplaints } from "./hours";
import { inWords } from "./words";

const automation = {
  id: "auto_1",
  name: "Late",
  enabled: true,
  position: 0,
  trigger: "conversation.idle",
  idleMinutes: 240,
  conditions: {
    match: "any",
    items: [
      { field: "label", operator: "is", value: "vip" },
      { field: "contactAttribute", attribute: "plan", operator: "is", value: "gold" },
      { field: "channelId", operator: "isNot", value: "ch_1" },
    ],
  },
  actions: [
    { type: "assignUser", userId: "usr_1" },
    { type: "snooze", minutes: 1440 },
    { type: "reply", templateId: "tpl_1" },
    { type: "askForRating" },
    { type: "stop" },
  ],
  stopAfter: true,
} as unknown as Automation;

it("what is there comes back as it was", () => {
  const { name, enabled, trigger, idleMinutes, conditions, actions, stopAfter } = automation;
  expect(bodyOf(formOf(automation))).toEqual({ name, enabled, trigger, idleMinutes, conditions, actions, stopAfter });
});

it("what was taken out is gone", () => {
  const form = { ...formOf(automation), trigger: "message.received" as const };
  expect(changeOf(form)).toMatchObject({ trigger: "message.received", idleMinutes: null });
});

it("each start says all but what only its owner knows", () => {
  expect(Object.keys(complaintsOf(formOfStart("away")))).toEqual([]);
  expect(Object.keys(complaintsOf(formOfStart("label")))).toEqual([]);
  expect(Object.keys(complaintsOf(formOfStart("route")))).toEqual(["actions/1/userId"]);
  expect(Object.keys(complaintsOf(formOfStart("blank")))).toEqual(["name", "conditions/items/0/value", "actions/0/label"]);
});

it("says all that is missing, by the places the server would name", () => {
  const form = {
    ...formOfStart("blank"),
    trigger: "conversation.idle" as const,
    idleMinutes: "0",
    conditions: [newCondition({ field: "contactAttribute", operator: "contains" })],
    actions: [newAction({ type: "snooze", minutes: "x" }), newAction({ type: "reply", replyWith: "template" }), newAction({ type: "webhook" })],
  };
  expect(Object.keys(complaintsOf(form))).toEqual([
    "name",
    "idleMinutes",
    "conditions/items/0/attribute",
    "conditions/items/0/value",
    "actions/0/minutes",
    "actions/1/templateId",
    "actions/2/endpointId",
  ]);
  expect(Object.keys(complaintsOf({ ...form, actions: [] }))).toContain("actions");
});

it("another field keeps what still fits", () => {
  const row = newCondition({ field: "subject", operator: "startsWith", value: "hello" });
  expect(withField(row, "body")).toMatchObject({ field: "body", operator: "startsWith", value: "hello" });
  expect(withField(row, "businessHours")).toMatchObject({ operator: "is", value: "inside" });
  expect(withField(withField(row, "status"), "subject")).toMatchObject({ operator: "is", value: "" });
  expect(operatorsOf("autoReply")).toEqual(["is", "isNot"]);
});

it("is said in plain language", () => {
  const names: Record<string, string> = { usr_1: "Ann", ch_1: "Shop" };
  expect(inWords(automation, (id) => names[id])).toBe(
    "When nobody answers for 4 hours, if a label is “vip” or the contact’s attribute “plan” is “gold” or the channel is not “Shop”, " +
      "then assign to Ann, snooze for 1 day, answer, ask for a rating, stop.",
  );
  const always = { ...automation, trigger: "message.received", idleMinutes: null, conditions: { match: "all", items: [] } } as unknown as Automation;
  expect(inWords(always, () => undefined)).toMatch(/^When a mail arrives, then assign to somebody/);
});

it("hours come back as they were, whatever a day's end is called", () => {
  const hours = {
    timeZone: "Europe/Berlin",
    weekly: [
      { day: "monday", from: "09:00", to: "12:00" },
      { day: "monday", from: "13:00", to: "24:00" },
    ],
    holidays: [{ date: "2026-12-25", name: "Christmas" }, { date: "2026-12-26" }],
  } as Parameters<typeof formOfHours>[0];
  const form = formOfHours(hours);
  expect(form.week.monday[1]).toEqual({ from: "13:00", to: "00:00" });
  expect(bodyOfHours(form)).toEqual(hours);
  expect(hoursComplaints(form)).toEqual({});
  form.week.sunday.push({ from: "10:00", to: "09:00" });
  form.holidays.push({ date: "", name: "" });
  expect(Object.keys(hoursComplaints(form))).toEqual(["sunday/0", "holidays/2"]);
});
