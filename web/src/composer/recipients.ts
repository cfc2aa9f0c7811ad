/** Whom an answer goes to. Pure. */

import type { Message } from "../api/types";
import { parseMailbox } from "../format/address";

export type ReplyRecipients = { to: string[]; cc: string[] };

/** `inbox+r.token@host` is `inbox@host`: a reply token is no other recipient. */
function bare(address: string): string {
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
