import { expect, it } from "vitest";
import type { DnsRecord } from "../api/types";
import { missingOf, requirementsOf } from "./requirements";

const record = (purpose: DnsRecord["purpose"], status: DnsRecord["status"], required = true): DnsRecord => ({
  type: "TXT",
  name: "example.org",
  value: "v",
  purpose,
  required,
  status,
});

it("one of the DKIM keys is enough, and what is optional does not count", () => {
  const records = [
    record("dkim", "verified"),
    record("dkim", "pending"),
    record("spf", "wrong"),
    record("returnPath", "pending"),
    record("dmarc", "pending", false),
  ];
  expect([requirementsOf(records), missingOf(records)]).toEqual([3, 2]);
});

it("no key at all is one requirement that is not met", () => {
  expect(missingOf([record("dkim", "pending"), record("dkim", "wrong")])).toBe(1);
});

it("nothing to publish is nothing missing", () => {
  expect([requirementsOf([]), missingOf([])]).toEqual([0, 0]);
});
