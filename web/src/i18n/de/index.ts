/** Every word the dashboard says, in German: a file for each of ../en. Sie, not du; the words that support teams use. */

import type { Catalogue } from "..";
import { secondFactor, sessions } from "./access";
import { analytics } from "./analytics";
import { automations, businessHours } from "./automations";
import { channels } from "./channels";
import { broadcasts, lists } from "./broadcasts";
import { csvImport } from "./csvImport";
import { composer } from "./composer";
import { contacts, ratings } from "./contacts";
import { list, start, conversation, contact, message, delivery } from "./conversations";
import { domains, useCases } from "./domains";
import { bulk, mentions, savedViews, search } from "./inbox";
import { insight } from "./insight";
import { keys } from "./keys";
import { messages } from "./messages";
import { outbox } from "./outbox";
import { presence } from "./presence";
import { privacy } from "./privacy";
import { regroup } from "./regroup";
import { people, profile, teams } from "./people";
import { signIn } from "./session";
import { auditLog, identityProvider, workspaceSettings } from "./settings";
import { setUp } from "./setUp";
import { priority } from "./priority";
import { sla } from "./sla";
import { suppressions } from "./suppressions";
import { time, errors, connection, nav, views, notFound, unsaved, palette, help } from "./shell";
import { templates } from "./templates";
import { webhooks } from "./webhooks";

export const de: Catalogue = {
  product: "Postroom",
  skipToContent: "Zum Inhalt springen",
  loading: "Wird geladen…",
  cancel: "Abbrechen",
  close: "Schließen",
  save: "Speichern",
  saved: "Gespeichert",
  edit: "Bearbeiten",
  copy: "Kopieren",
  copied: "Kopiert",
  retry: "Erneut versuchen",
  undo: "Rückgängig",
  back: "Zurück",
  more: "Mehr",
  none: "Keine",
  loadMore: "Mehr laden",
  loadMoreFailed: "Die nächste Seite konnte nicht geladen werden",
  optional: "optional",
  gone: "Vielleicht wurde es gelöscht, oder der Link ist falsch.",
  updates: "Aktualisierungen",

  time,
  errors,
  connection,
  nav,
  views,
  notFound,
  unsaved,
  palette,
  help,
  signIn,
  list,
  start,
  setUp,
  conversation,
  contact,
  contacts,
  ratings,
  privacy,
  message,
  delivery,
  composer,
  channels,
  automations,
  businessHours,
  webhooks,
  outbox,
  messages,
  keys,
  domains,
  useCases,
  suppressions,
  csvImport,
  lists,
  broadcasts,
  analytics,
  insight,
  priority,
  sla,
  templates,
  presence,
  regroup,
  search,
  bulk,
  savedViews,
  mentions,
  people,
  teams,
  profile,
  secondFactor,
  sessions,
  workspaceSettings,
  identityProvider,
  auditLog,
};
