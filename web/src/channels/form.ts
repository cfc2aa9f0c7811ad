/** A channel's form as values: from a channel, to the API's body, and what is wrong with it. Pure. */

import type { Channel, ChannelInput, TransportSecurity } from "../api/types";
import { looksLikeAddress, splitRecipients } from "../format/address";
import { m } from "../i18n";

export type OfferedProvider = "forwarding" | "smtp_imap" | "sandbox";

export type ChannelForm = {
  provider: Channel["provider"];
  name: string;
  emailAddress: string;
  displayName: string;
  aliases: string;
  signature: string;
  smtpHost: string;
  smtpPort: string;
  smtpSecurity: TransportSecurity;
  imapHost: string;
  imapPort: string;
  imapSecurity: TransportSecurity;
  username: string;
  password: string;
  authPolicy: Channel["authPolicy"];
  threadBySubject: boolean;
  /** Empty: none. */
  teamId: string;
};

export type FormErrors = Partial<Record<keyof ChannelForm, string>>;

export function emptyForm(provider: OfferedProvider): ChannelForm {
  return {
    provider,
    name: "",
    emailAddress: "",
    displayName: "",
    aliases: "",
    signature: "",
    smtpHost: "",
    smtpPort: "587",
    smtpSecurity: "starttls",
    imapHost: "",
    imapPort: "993",
    imapSecurity: "tls",
    username: "",
    password: "",
    authPolicy: "mark",
    threadBySubject: true,
    teamId: "",
  };
}

export function formOf(channel: Channel): ChannelForm {
  return {
    provider: channel.provider,
    name: channel.name,
    emailAddress: channel.emailAddress ?? "",
    displayName: channel.displayName ?? "",
    aliases: channel.aliases.join(", "),
    signature: channel.signature.text ?? "",
    smtpHost: channel.config.smtpHost ?? "",
    smtpPort: String(channel.config.smtpPort ?? 587),
    smtpSecurity: channel.config.smtpSecurity ?? "starttls",
    imapHost: channel.config.imapHost ?? "",
    imapPort: String(channel.config.imapPort ?? 993),
    imapSecurity: channel.config.imapSecurity ?? "tls",
    username: channel.config.username ?? "",
    password: "",
    authPolicy: channel.authPolicy,
    threadBySubject: channel.threadBySubject,
    teamId: channel.teamId ?? "",
  };
}

/** Name and address; those of a mailbox are its own. */
export function checkAddress(form: ChannelForm): FormErrors {
  const errors: FormErrors = {};
  if (form.name.trim() === "") errors.name = m.channels.nameMissing;
  if (form.provider === "smtp_imap" && form.emailAddress.trim() === "") errors.emailAddress = m.channels.emailMissing;
  else if (form.emailAddress.trim() !== "" && !looksLikeAddress(form.emailAddress)) errors.emailAddress = m.channels.emailWrong;
  return errors;
}

/** The servers of a mailbox. `passwordKept`: one is set already. */
export function checkServers(form: ChannelForm, passwordKept: boolean): FormErrors {
  const errors: FormErrors = {};
  if (form.smtpHost.trim() === "") errors.smtpHost = m.channels.hostMissing;
  if (!isPort(form.smtpPort)) errors.smtpPort = m.channels.portWrong;
  if (form.imapHost.trim() !== "" && !isPort(form.imapPort)) errors.imapPort = m.channels.portWrong;
  if (form.username.trim() !== "" && form.password === "" && !passwordKept) errors.password = m.setUp.passwordMissing;
  return errors;
}

export function checkForm(form: ChannelForm, passwordKept = false): FormErrors {
  return { ...checkAddress(form), ...(form.provider === "smtp_imap" ? checkServers(form, passwordKept) : {}) };
}

function isPort(text: string): boolean {
  const port = Number(text);
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function configOf(form: ChannelForm): ChannelInput["config"] {
  return {
    smtpHost: form.smtpHost.trim(),
    smtpPort: Number(form.smtpPort),
    smtpSecurity: form.smtpSecurity,
    ...(form.imapHost.trim()
      ? { imapHost: form.imapHost.trim(), imapPort: Number(form.imapPort), imapSecurity: form.imapSecurity }
      : {}),
    ...(form.username.trim() ? { username: form.username.trim() } : {}),
    ...(form.password ? { password: form.password } : {}),
  };
}

/** What is empty is left out: the server has its own defaults. */
export function creationBody(form: ChannelForm): ChannelInput {
  return {
    type: "email",
    provider: form.provider,
    name: form.name.trim(),
    ...(form.emailAddress.trim() ? { emailAddress: form.emailAddress.trim() } : {}),
    ...(form.displayName.trim() ? { displayName: form.displayName.trim() } : {}),
    ...(form.aliases.trim() ? { aliases: splitRecipients(form.aliases) } : {}),
    ...(form.signature.trim() ? { signature: { text: form.signature } } : {}),
    ...(form.teamId ? { teamId: form.teamId } : {}),
    ...(form.provider === "smtp_imap" ? { config: configOf(form) } : {}),
  };
}

const CONFIG = ["smtpHost", "smtpPort", "smtpSecurity", "imapHost", "imapPort", "imapSecurity", "username", "password"] as const;

/** Whether where or how the mailbox is reached was changed. */
export function connectionChanged(before: Channel, form: ChannelForm): boolean {
  const was = formOf(before);
  return form.provider === "smtp_imap" && CONFIG.some((name) => form[name] !== was[name]);
}

/** Only what was changed, so that nothing another person changed meanwhile is undone. */
export function changeBody(before: Channel, form: ChannelForm): ChannelInput {
  const was = formOf(before);
  const body: ChannelInput = {};
  if (form.name !== was.name) body.name = form.name.trim();
  if (form.emailAddress !== was.emailAddress) body.emailAddress = form.emailAddress.trim() || null;
  if (form.displayName !== was.displayName) body.displayName = form.displayName.trim() || null;
  if (form.aliases !== was.aliases) body.aliases = splitRecipients(form.aliases);
  if (form.signature !== was.signature) body.signature = form.signature.trim() ? { text: form.signature } : {};
  if (form.authPolicy !== was.authPolicy) body.authPolicy = form.authPolicy;
  if (form.threadBySubject !== was.threadBySubject) body.threadBySubject = form.threadBySubject;
  if (form.teamId !== was.teamId) body.teamId = form.teamId || null;
  if (connectionChanged(before, form)) body.config = configOf(form);
  return body;
}
