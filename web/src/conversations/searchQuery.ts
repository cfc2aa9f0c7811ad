/** What is typed into the search box, cut as the server cuts it: words, operators, and values that can't be read. Pure. */

import { m } from "../i18n";

export const OPERATORS = ["from", "to", "subject", "has", "is", "label", "assignee", "priority", "number", "before", "after"] as const;
export type Operator = (typeof OPERATORS)[number];

export const IS_VALUES = ["open", "pending", "snoozed", "resolved", "unread", "read", "mentioned", "unassigned", "overdue"] as const;
export const PRIORITY_VALUES = ["urgent", "high", "normal", "low"] as const;
export const HAS_VALUES = ["attachment"] as const;
export const DAY_VALUES = ["today", "yesterday", "7d", "30d", "1y"] as const;

const HAS_KNOWN = ["attachment", "attachments", "file", "files"];
/** They have no opposite. */
const NEVER_NEGATED: Operator[] = ["assignee", "priority", "number", "before", "after"];

export type Token = {
  /** Where it stands in what was typed. */
  start: number;
  end: number;
  negated: boolean;
  operator: Operator | null;
  value: string;
  quoted: boolean;
  prefix: boolean;
};

const TOKEN = /(-(?=[\p{L}\p{N}"“”]))?(?:([a-z]+):(?=\S))?(?:["“”]([^"“”]*)(?:["“”]|$)(\*?)|(\S+))/giu;

export function tokensOf(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map((match) => {
    const [whole, minus, key, quotedValue, star, plain] = match;
    const operator = OPERATORS.find((name) => name === key?.toLowerCase()) ?? null;
    const raw = quotedValue ?? plain ?? "";
    // What only looks like an operator is a word.
    const value = operator || !key ? raw : `${key}:${raw}`;
    return {
      start: match.index,
      end: match.index + whole.length,
      negated: minus !== undefined,
      operator,
      value: value.replace(/\*$/, ""),
      quoted: quotedValue !== undefined,
      prefix: star === "*" || value.endsWith("*"),
    };
  });
}

function isDay(value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === "today" || lower === "yesterday" || /^\d{1,5}[dwmy]$/.test(lower)) return true;
  const parts = /^(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?$/.exec(lower);
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2] ?? 1), Number(parts[3] ?? 1)];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Why an operator can't be read; `null` where it can. The people are known to the server alone. */
export function complaintOf(token: Token): string | null {
  const { operator, value, negated } = token;
  if (operator === null || value === "") return null;
  const lower = value.toLowerCase();
  const says = m.search.problems;
  if (negated && (NEVER_NEGATED.includes(operator) || (operator === "is" && ["mentioned", "unassigned", "overdue"].includes(lower)))) {
    return says.negated(`-${operator}:${value}`);
  }
  if (operator === "is" && !IS_VALUES.some((known) => known === lower)) return says.is(value, IS_VALUES.join(", "));
  if (operator === "has" && !HAS_KNOWN.includes(lower)) return says.has(value);
  if (operator === "priority" && !PRIORITY_VALUES.some((known) => known === lower)) return says.priority(value, PRIORITY_VALUES.join(", "));
  if (operator === "number" && !/^#?\d+$/.test(value)) return says.number(value);
  if ((operator === "before" || operator === "after") && !isDay(value)) return says.day(`${operator}:${value}`);
  return null;
}

export function complaintsOf(text: string): string[] {
  return tokensOf(text)
    .map(complaintOf)
    .filter((complaint) => complaint !== null);
}

/** May the token be the beginning of something that can be read? */
export function isUnfinished(token: Token): boolean {
  const lower = token.value.toLowerCase();
  if (token.operator === "is") return IS_VALUES.some((known) => known.startsWith(lower));
  if (token.operator === "priority") return PRIORITY_VALUES.some((known) => known.startsWith(lower));
  if (token.operator === "number") return lower === "#";
  if (token.operator === "has") return HAS_KNOWN.some((known) => known.startsWith(lower));
  if (token.operator === "before" || token.operator === "after") {
    return /^[\d/-]*$/.test(lower) || ["today", "yesterday"].some((known) => known.startsWith(lower));
  }
  return false;
}

/** The text without one of its tokens. */
export function withoutToken(text: string, token: Token): string {
  return `${text.slice(0, token.start)}${text.slice(token.end)}`.replaceAll(/\s+/g, " ").trim();
}

/** The text with a token in place of what stands at the caret. */
export function withToken(text: string, at: { start: number; end: number }, written: string): { text: string; caret: number } {
  const after = text.slice(at.end).trimStart();
  const before = `${text.slice(0, at.start)}${written}`;
  // An operator waits for its value.
  const gap = written.endsWith(":") ? "" : " ";
  return { text: `${before}${gap}${after}`, caret: before.length + gap.length };
}

export function quote(value: string): string {
  return /\s/.test(value) ? `"${value}"` : value;
}

/** What has to be marked where it was found: words, folded, in their order; more than one stand together. */
export type Term = { words: string[]; prefix: boolean };

export function termsOf(text: string): Term[] {
  return tokensOf(text)
    // `#42` is a conversation, not a word.
    .filter((token) => !token.negated && (token.operator === null ? !/^#\d+$/.test(token.value) : token.operator === "subject"))
    .map((token) => ({ words: wordsOf(token.value).map((word) => word.folded), prefix: token.prefix }))
    .filter((term) => term.words.length > 0);
}

export type Word = { start: number; end: number; folded: string };

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Scripts that are written without spaces between words. */
const UNSPACED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]/u;

/** Lower case, without accents, as the index has it. */
export function fold(text: string): string {
  return text.normalize("NFKD").replaceAll(/[\u0300-\u036f]/g, "").normalize("NFC").toLowerCase();
}

export function wordsOf(text: string): Word[] {
  return [...text.matchAll(WORD)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    folded: fold(match[0]),
  }));
}

export type Range = { start: number; end: number };

/** Where the terms stand in a text, in order, none within another. */
export function rangesOf(text: string, terms: Term[]): Range[] {
  if (terms.length === 0) return [];
  const words = wordsOf(text);
  const found: Range[] = [];
  for (const term of terms) {
    const [only] = term.words;
    if (only && term.words.length === 1 && UNSPACED.test(only)) {
      const lower = text.toLowerCase();
      for (let at = lower.indexOf(only); at >= 0; at = lower.indexOf(only, at + only.length)) {
        found.push({ start: at, end: at + only.length });
      }
      continue;
    }
    for (let at = 0; at + term.words.length <= words.length; at += 1) {
      const fits = term.words.every((wanted, place) => {
        const word = words[at + place]?.folded ?? "";
        return term.prefix && place === term.words.length - 1 ? word.startsWith(wanted) : word === wanted;
      });
      const [first, last] = [words[at], words[at + term.words.length - 1]];
      if (fits && first && last) found.push({ start: first.start, end: last.end });
    }
  }
  const merged: Range[] = [];
  for (const range of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const before = merged.at(-1);
    if (before && range.start < before.end) before.end = Math.max(before.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}
