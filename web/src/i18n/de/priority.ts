/** Wie wichtig eine Konversation ist. */

import type { priority as English } from "../en/priority";
import { count } from "./count";

export const priority: typeof English = {
  title: "Priorität",
  names: { low: "Niedrig", normal: "Normal", high: "Hoch", urgent: "Dringend" },
  is: (name) => `Priorität: ${name}`,
  any: "Jede Priorität",
  find: "Priorität suchen",
  none: "Diese Priorität gibt es nicht",
  set: (n, name) => `${count(n, "Konversation hat", "Konversationen haben")} jetzt die Priorität ${name}`,
  number: (n) => `Nummer ${n} in diesem Workspace`,
};
