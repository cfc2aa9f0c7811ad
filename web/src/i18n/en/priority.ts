/** How much a conversation matters. */

import { count } from "./count";

export const priority = {
  title: "Priority",
  names: { low: "Low", normal: "Normal", high: "High", urgent: "Urgent" },
  is: (name: string) => `Priority: ${name}`,
  any: "Any priority",
  find: "Find a priority",
  none: "There is no such priority",
  set: (n: number, name: string) => `${count(n, "conversation has", "conversations have")} the priority ${name} now`,
  number: (n: number) => `Number ${n} of this workspace`,
};
