/** Merging, splitting and moving conversations. */

import type { regroup as English } from "../en/regroup";

export const regroup: typeof English = {
  messageActions: "Aktionen für diese Nachricht",
  split: "Ab hier neue Konversation beginnen",
  splitDone: "Eine eigene Konversation",
  splitFailed: "Die Konversation konnte nicht geteilt werden",
  merge: "Mit einer anderen Konversation zusammenführen…",
  mergeTitle: "Mit einer anderen Konversation zusammenführen",
  mergeText: "Nachrichten, Labels und Personen der gewählten Konversation kommen in diese. Antworten auf beide gehen hier ein.",
  mergeDone: (subject: string) => `„${subject}“ wurde mit dieser Konversation zusammengeführt`,
  mergeFailed: "Die Konversationen konnten nicht zusammengeführt werden",
  find: "Konversation suchen",
  moveTo: "In anderen Posteingang verschieben",
  moved: (channel: string) => `Nach ${channel} verschoben`,
  moveFailed: "Die Konversation konnte nicht verschoben werden",
  failed: "Das konnte nicht rückgängig gemacht werden",
};
