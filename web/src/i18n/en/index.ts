/** Every word the dashboard says, in English, a file a room. Never decides anything; values come in as arguments. */

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

export const en = {
  product: "Postroom",
  skipToContent: "Skip to content",
  loading: "Loading…",
  cancel: "Cancel",
  close: "Close",
  save: "Save",
  saved: "Saved",
  edit: "Edit",
  copy: "Copy",
  copied: "Copied",
  retry: "Try again",
  undo: "Undo",
  back: "Back",
  more: "More",
  none: "None",
  loadMore: "Load more",
  loadMoreFailed: "The next page could not be loaded",
  optional: "optional",
  updates: "Updates",
  gone: "It may have been deleted, or the link is wrong.",

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
