/** Whom an answer goes to, and what is typed into a recipient field. Pure. */

import type { Message } from "../api/types";
import { looksLikeAddress, parseMailbox, splitRecipients } from "../format/address";

export type RecipientLists = { to: string[]; cc: string[]; bcc: string[] };

/** The list with what was typed beside it, or what of that is no address. The very list where nothing is new. */
export function withTyped(list: string[], typed: string): { list: string[]; wrong?: string } {
  const parts = splitRecipients(typed);
  const wrong = parts.find((part) => !looksLikeAddress(part));
  if (wrong !== undefined) return { list, wrong };
  const added = [...new Set(parts)].filter((part) => !list.includes(part));
  return { list: added.length ? [...list, ...added] : list };
}

export type ReplyRecipients = { to: string[]; cc: string[] };

/** `inbox+r.token@host` is `inbox@host`: a reply token is no other recipient. */
export function bare(address: string): string {
  const [local = "", domain = ""] = parseMailbox(address).address.toLowerCase().split("@");
  return `${local.replace(/\+.*$/, "")}@${domain}`;
}

/**
 * To whoever wrote last (where they ask for answers), with those copied still copied and ourselves left out.
 * Where nobody wrote yet: to those we wrote to last.
 */
export function replyRecipients(messages: Message[], ownAddresses: string[]): ReplyRecipients {
  const mails = messages.filter((message) => !message.private && message.content.type === "email");
  const own = new Set(ownAddresses.map(bare));
  const lastInbound = mails.findLast((message) => message.direction === "inbound");
  if (!lastInbound) {
    const lastSent = mails.findLast((message) => message.direction === "outbound");
    const sentTo = lastSent?.recipients.filter((recipient) => recipient.type === "to") ?? [];
    return { to: sentTo.map((recipient) => recipient.address), cc: [] };
  }
  const replyTo = lastInbound.metadata.headers["reply-to"];
  const to = parseMailbox(replyTo ?? lastInbound.from).address;
  const cc: string[] = [];
  for (const { type, address } of lastInbound.recipients) {
    const known = [to, ...cc].some((each) => each.toLowerCase() === address.toLowerCase());
    if (type !== "bcc" && !own.has(bare(address)) && !known) cc.push(address);
  }
  return { to: [to], cc };
}
