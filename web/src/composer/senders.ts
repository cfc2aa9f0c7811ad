/** Which of a channel's own addresses something is written from. Pure. */

import type { Channel, Message } from "../api/types";
import { bare } from "./recipients";

type Addresses = Pick<Channel, "emailAddress" | "aliases" | "inboundAddress">;

/** Those a channel writes from, the usual one first. The generated one only where there is no other: nobody knows it by heart. */
export function addressesOf({ emailAddress, aliases, inboundAddress }: Addresses): string[] {
  const [usual, ...others] = [emailAddress ?? inboundAddress, ...aliases];
  return [...new Set([usual, ...others])];
}

/** The address that was chosen, else the one that whoever wrote last wrote to, else the usual one. */
export function senderOf(addresses: readonly string[], chosen: string | null, messages: readonly Message[]): string | undefined {
  const lastInbound = messages.findLast((message) => message.direction === "inbound" && message.content.type === "email");
  const writtenTo = new Set(lastInbound?.recipients.map((recipient) => bare(recipient.address)));
  return addresses.find((address) => address === chosen) ?? addresses.find((address) => writtenTo.has(bare(address))) ?? addresses[0];
}
