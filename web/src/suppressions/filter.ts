/** Which suppressions are shown: to and from the address bar. Pure. */

import { m } from "../i18n";

export type SuppressionFilter = { address?: string; scope?: string; reason?: string };

export function filterFromSearch(search: string): SuppressionFilter {
  const params = new URLSearchParams(search);
  const filter: SuppressionFilter = {};
  const [address, scope, reason] = [params.get("address"), params.get("scope"), params.get("reason")];
  if (address) filter.address = address;
  // Words the server does not know would be its error; an old link shows the whole list instead.
  if (scope && scope in m.suppressions.scopes) filter.scope = scope;
  if (reason && reason in m.suppressions.reasons) filter.reason = reason;
  return filter;
}

export function searchFromFilter(filter: SuppressionFilter): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value) params.set(name, value);
  const text = params.toString();
  return text ? `?${text}` : "";
}
