/** Plain-text mail, ready to be shown: where its links are, and what of it is quoted. Pure. */

export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/giu;

/** Only http, https and mailto are ever links: nothing a sender writes can become a `javascript:` address. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = trimLink(match[0]);
    if (match.index > end) parts.push({ kind: "text", text: text.slice(end, match.index) });
    parts.push({ kind: "link", text: shown, href: hrefOf(shown) });
    end = match.index + shown.length;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

/** A sentence's full stop or a closing bracket it opened before is not part of the address. */
function trimLink(link: string): string {
  let shown = link.replace(/[.,;:!?]+$/, "");
  while (shown.endsWith(")") && shown.split("(").length < shown.split(")").length) shown = shown.slice(0, -1);
  return shown;
}

function hrefOf(shown: string): string {
  if (/^https?:\/\//i.test(shown)) return shown;
  return shown.toLowerCase().startsWith("www.") ? `https://${shown}` : `mailto:${shown}`;
}

export type Folded = "quoted" | "signature";

/** What the sender newly wrote, and what more there is. */
export function visibleText(text: string | null, replyText: string | null): { shown: string; folded: Folded | null } {
  const whole = (text ?? "").trim();
  const reply = (replyText ?? "").trim();
  if (reply === "" || whole === reply) return { shown: whole, folded: null };
  const rest = whole.startsWith(reply) ? whole.slice(reply.length).trim() : "";
  return { shown: reply, folded: /^-- ?(\r?\n|$)/.test(rest) && !/^>/m.test(rest) ? "signature" : "quoted" };
}

/** The server's words begin small, as in a log; a name or a setting they begin with (`mail.example.org`, `p=none`) keeps its spelling. */
export function sentence(text: string): string {
  const [first = ""] = text.split(" ", 1);
  return /[.=@/_]./.test(first) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
