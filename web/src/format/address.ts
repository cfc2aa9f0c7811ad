/** Mail addresses as people write and read them. Pure; the server decides what is valid. */

export type Mailbox = { name: string | null; address: string };

/** `Ada Lovelace <ada@example.org>`, `"Lovelace, Ada" <ada@example.org>`, `ada@example.org`. */
export function parseMailbox(text: string): Mailbox {
  const match = /^\s*(.*?)\s*<\s*([^<>]+?)\s*>\s*$/.exec(text);
  if (!match) return { name: null, address: text.trim() };
  const name = (match[1] ?? "").replace(/^"(.*)"$/, "$1").replaceAll(/\\(.)/g, "$1").trim();
  return { name: name || null, address: match[2] ?? "" };
}

/** Splits what was typed or pasted into a recipient field at commas, semicolons and line ends outside quotes. */
export function splitRecipients(text: string): string[] {
  const parts: string[] = [];
  let part = "";
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    if (!quoted && /[,;\n]/.test(character)) {
      parts.push(part);
      part = "";
    } else {
      part += character;
    }
  }
  parts.push(part);
  return parts.map((each) => each.trim()).filter((each) => each !== "");
}

/** Good enough to catch a slip of the fingers before the server does. */
export function looksLikeAddress(text: string): boolean {
  return /^[^\s@<>]+@[^\s@<>]+$/.test(parseMailbox(text).address);
}

export function displayName(mailbox: Mailbox): string {
  return mailbox.name ?? mailbox.address;
}

/** One or two letters to stand for somebody. */
export function initials(name: string): string {
  const words = name
    .replace(/@.*$/, "")
    .split(/[\s._-]+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0] ?? "?";
  const last = words.length > 1 ? (words.at(-1) ?? "") : "";
  return ([...first][0] ?? "?").toUpperCase() + ([...last][0] ?? "").toUpperCase();
}
