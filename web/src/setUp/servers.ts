/** What was found out about a mailbox's servers, as the form has it. */

import { autoconfig } from "../api/endpoints";
import type { Discovered } from "../api/types";
import type { ChannelForm } from "../channels/form";
import type { Found } from "./state";

/** Whoever set the mailbox up waits for it. */
const LOOK_UP_MS_MAX = 10_000;

export function filledIn(found: Discovered, email: string): Partial<ChannelForm> {
  const { imap, smtp } = found;
  return {
    username: imap.auth?.user ?? smtp.auth?.user ?? email,
    ...(smtp.host
      ? { smtpHost: smtp.host, smtpPort: String(smtp.port ?? 587), smtpSecurity: smtp.secure ? ("tls" as const) : ("starttls" as const) }
      : {}),
    ...(imap.host
      ? { imapHost: imap.host, imapPort: String(imap.port ?? 993), imapSecurity: imap.secure ? ("tls" as const) : ("starttls" as const) }
      : {}),
  };
}

/** Nothing that was typed by hand is overwritten: only what is empty, or was found for another address before. */
export function mayFillIn(form: ChannelForm, before: Found | null): boolean {
  const email = form.emailAddress.trim();
  if (before?.email === email) return false;
  return form.smtpHost.trim() === "" && form.imapHost.trim() === "" ? true : before !== null && before.source !== "unknown";
}

export async function lookUp(email: string): Promise<Discovered> {
  try {
    return await autoconfig.find(email, AbortSignal.timeout(LOOK_UP_MS_MAX));
  } catch {
    // It only spares typing: without it one types.
    return { imap: {}, smtp: {}, _source: "unknown" };
  }
}
