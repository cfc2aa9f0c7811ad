/** The sandbox's outbox. */

import type { outbox as English } from "../en/outbox";

export const outbox: typeof English = {
  title: "Sandbox-Ausgang",
  lead: "Was Postroom abfängt, statt es zu senden: Nichts hiervon verlässt den Rechner.",
  empty: "Noch wurde nichts abgefangen",
  emptyText: "Beantworten Sie eine Konversation eines Kanals ohne Ausgang, und die E-Mail erscheint hier.",
  failed: "Der Ausgang konnte nicht geladen werden",
  oneFailed: "Diese E-Mail konnte nicht geladen werden",
  notFound: "Diese E-Mail gibt es nicht",
  back: "Zurück zum Ausgang",
  pick: "Wählen Sie eine E-Mail",
  pickText: "Sie sehen sie so, wie ihr Empfänger sie sähe.",
  preview: "Vorschau",
  text: "Text",
  raw: "Original",
  formats: "Darstellung",
  inConversation: "Konversation öffnen",
  noHtml: "Diese E-Mail hat keinen HTML-Teil.",
  to: (names: string) => `An ${names}`,
};
