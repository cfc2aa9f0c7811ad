/** What the pages ask the server for about policies. */

import { useQuery } from "@tanstack/react-query";
import { slaPolicies } from "../api/endpoints";
import { keys } from "../api/keys";

export function useSlaPolicies() {
  return useQuery({ queryKey: keys.slaPolicies, queryFn: async ({ signal }) => (await slaPolicies.list(signal)).items });
}
