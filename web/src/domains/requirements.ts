/** How many records a domain needs, and how many of them are not there. Pure. */

import type { DnsRecord } from "../api/types";

/** Of the DKIM keys one is enough, so together they count once. */
function groups(records: DnsRecord[]): DnsRecord[][] {
  const required = records.filter((record) => record.required);
  const keys = required.filter((record) => record.purpose === "dkim");
  const others = required.filter((record) => record.purpose !== "dkim").map((record) => [record]);
  return keys.length > 0 ? [keys, ...others] : others;
}

export function requirementsOf(records: DnsRecord[]): number {
  return groups(records).length;
}

export function missingOf(records: DnsRecord[]): number {
  return groups(records).filter((group) => group.every((record) => record.status !== "verified")).length;
}
