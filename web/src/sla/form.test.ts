import { expect, test } from "vitest";
import type { SlaPolicy } from "../api/types";
import { bodyOf, complaintsOf, formOf, promises, timeOf } from "./form";

const policy = {
  id: "sla_1",
  name: "Usual",
  position: 0,
  appliesTo: { channelIds: ["ch_1"], teamIds: [], priorities: ["urgent"] },
  firstResponseSeconds: 4 * 60 * 60,
  nextResponseSeconds: null,
  resolutionSeconds: 2 * 24 * 60 * 60,
  businessHoursOnly: true,
  createdAt: "2026-11-30T12:00:00Z",
  updatedAt: "2026-11-30T12:00:00Z",
} as SlaPolicy;

test("a time is in the largest unit it is whole in", () => {
  expect(timeOf(90 * 60)).toEqual({ amount: "90", unit: "minutes" });
  expect(timeOf(36 * 60 * 60)).toEqual({ amount: "36", unit: "hours" });
  expect(timeOf(48 * 60 * 60)).toEqual({ amount: "2", unit: "days" });
  expect(timeOf(null)).toEqual({ amount: "", unit: "hours" });
});

test("a policy survives being written and read", () => {
  const { id: _, position: __, createdAt: ___, updatedAt: ____, ...rest } = policy;
  expect(bodyOf(formOf(policy))).toEqual(rest);
  expect(complaintsOf(formOf(policy))).toEqual({});
  expect(promises(policy)).toBe("First answer within 4 hours · Resolution within 2 days");
});

test("what is missing or can not be is said where it is", () => {
  expect(Object.keys(complaintsOf(formOf(null)))).toEqual(["name", "firstResponse"]);
  const form = formOf(policy);
  const wrong = { ...form, times: { ...form.times, resolution: { amount: "91", unit: "days" as const }, nextResponse: { amount: "1.5", unit: "minutes" as const } } };
  expect(Object.keys(complaintsOf(wrong))).toEqual(["resolution"]);
  const half = { ...form, times: { ...form.times, nextResponse: { amount: "0.001", unit: "hours" as const } } };
  expect(Object.keys(complaintsOf(half))).toEqual(["nextResponse"]);
});
