/** What is going to stand below what is written, the person's own signature and the channel's: the server puts it there and fills its
 * placeholders. Pure. */

import type { Channel, User } from "../api/types";

/** What stands below a mail of this person; empty where nothing does. */
export function signatureOf(
  channel: Pick<Channel, "signature"> | undefined,
  user: Pick<User, "name" | "email" | "signature">,
): string {
  if (!channel) return "";
  return [user.signature, channel.signature]
    .map((signature) => signature.text?.trim() || textOf(signature.html ?? ""))
    .filter((text) => text !== "")
    .join("\n")
    .replaceAll(/\{\{\s*agent\.name\s*\}\}/g, () => user.name ?? user.email)
    .replaceAll(/\{\{\s*agent\.email\s*\}\}/g, () => user.email);
}

/** Rough: the words of a few lines. */
function textOf(html: string): string {
  const page = new DOMParser().parseFromString(html.replaceAll(/<br\b|<\/(?:p|div|tr|li)>/gi, "\n$&"), "text/html");
  return (page.body.textContent ?? "").replaceAll(/[^\S\n]+/g, " ").replaceAll(/\s*\n\s*/g, "\n").trim();
}
