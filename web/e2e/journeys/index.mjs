/** All journeys, in the order they run: the first start comes first, while there is no mail yet. */

import { access } from "./access.mjs";
import { accessibility } from "./accessibility.mjs";
import { accountForm } from "./accountForm.mjs";
import { answering } from "./answering.mjs";
import { attachments } from "./attachments.mjs";
import { automations } from "./automations.mjs";
import { broadcasts } from "./broadcasts.mjs";
import { channels } from "./channels.mjs";
import { contacts } from "./contacts.mjs";
import { colleague } from "./colleague.mjs";
import { drafts } from "./drafts.mjs";
import { firstStart } from "./firstStart.mjs";
import { hostile } from "./hostile.mjs";
import { inbox } from "./inbox.mjs";
import { keyboard } from "./keyboard.mjs";
import { language } from "./language.mjs";
import { live } from "./live.mjs";
import { looks } from "./looks.mjs";
import { messageLog } from "./messageLog.mjs";
import { pace } from "./pace.mjs";
import { reading } from "./reading.mjs";
import { sending } from "./sending.mjs";
import { signIn } from "./signIn.mjs";
import { takingBack } from "./takingBack.mjs";
import { team } from "./team.mjs";
import { together } from "./together.mjs";
import { webhooks } from "./webhooks.mjs";

export const journeys = [
  ...signIn,
  ...firstStart,
  ...reading,
  ...hostile,
  ...attachments,
  ...answering,
  ...team,
  ...together,
  ...colleague,
  ...live,
  ...drafts,
  ...keyboard,
  ...inbox,
  ...channels,
  ...contacts,
  ...webhooks,
  ...automations,
  ...pace,
  ...sending,
  ...messageLog,
  ...takingBack,
  ...broadcasts,
  ...accountForm,
  ...access,
  ...looks,
  ...language,
  ...accessibility,
];
