/** What the sending pages ask about domains and use cases. */

import { useQuery } from "@tanstack/react-query";
import { domains, useCases } from "../api/endpoints";
import { keys } from "../api/keys";

export function useDomains() {
  return useQuery({ queryKey: keys.domains, queryFn: async ({ signal }) => (await domains.list(signal)).items });
}

/** Of one domain, or all there are. */
export function useUseCases(domainId?: string) {
  return useQuery({
    queryKey: keys.useCaseList(domainId),
    queryFn: async ({ signal }) => (await useCases.list(domainId, signal)).items,
  });
}
