/** What could be meant by what is being typed into the search box. Pure: people and labels are given. */

import { m } from "../i18n";
import { DAY_VALUES, HAS_VALUES, IS_VALUES, OPERATORS, PRIORITY_VALUES, quote, tokensOf, type Token } from "./searchQuery";

export type Suggestion = {
  /** What is written in place of what stands at the caret. */
  written: string;
  label: string;
  hint: string;
};

export type Known = { labels: string[]; people: { name: string; email: string }[]; contacts: { name: string | null; address: string }[] };

const SHOWN_MAX = 8;

/** The token that the caret is in or right behind. */
export function tokenAt(text: string, caret: number): Token | null {
  return tokensOf(text).find((token) => token.start < caret && caret <= token.end) ?? null;
}

export function suggestionsFor(text: string, caret: number, known: Known): Suggestion[] {
  const token = tokenAt(text, caret);
  if (!token) return text.trim() === "" ? operators("", "") : [];
  const typed = text.slice(token.start, caret);
  const minus = token.negated ? "-" : "";
  const bare = /^-?([a-z]+):(.*)$/i.exec(typed);
  const operator = OPERATORS.find((name) => name === bare?.[1]?.toLowerCase());
  if (operator) return values(operator, minus, (bare?.[2] ?? "").replaceAll(/["“”]/g, "").toLowerCase(), known).slice(0, SHOWN_MAX);
  // Only the beginning of an operator's name; words are words.
  const word = typed.replace(/^-/, "").toLowerCase();
  if (token.quoted || !/^[a-z]+$/.test(word)) return [];
  return operators(word, minus);
}

function operators(begun: string, minus: string): Suggestion[] {
  return OPERATORS.filter((name) => name.startsWith(begun)).map((name) => ({
    written: `${minus}${name}:`,
    label: `${minus}${name}:`,
    hint: m.search.hints[name],
  }));
}

function values(operator: (typeof OPERATORS)[number], minus: string, typed: string, known: Known): Suggestion[] {
  const offer = (value: string, hint: string): Suggestion => ({
    written: `${minus}${operator}:${quote(value)}`,
    label: `${minus}${operator}:${quote(value)}`,
    hint,
  });
  const begins = (value: string) => value.toLowerCase().startsWith(typed);
  const has = (value: string) => value.toLowerCase().includes(typed);
  switch (operator) {
    case "is":
      return IS_VALUES.filter(begins).map((value) => offer(value, m.search.isHints[value]));
    case "priority":
      return PRIORITY_VALUES.filter(begins).map((value) => offer(value, m.priority.names[value]));
    case "has":
      return HAS_VALUES.filter(begins).map((value) => offer(value, m.search.hints.has));
    case "before":
    case "after":
      return DAY_VALUES.filter(begins).map((value) => offer(value, m.search.dayHints[value]));
    case "label":
      return known.labels.filter(has).map((value) => offer(value, ""));
    case "assignee":
      return [
        ...["me", "none"].filter(begins).map((value) => offer(value, value === "me" ? m.list.me : m.list.nobody)),
        ...known.people.filter((each) => has(each.name) || has(each.email)).map((each) => offer(each.email, each.name)),
      ];
    case "from":
    case "to":
      if (typed === "") return [];
      return known.contacts
        .filter((each) => has(each.address) || has(each.name ?? ""))
        .map((each) => offer(each.address, each.name ?? ""));
    default:
      return [];
  }
}
