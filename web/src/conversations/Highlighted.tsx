/** The words that were searched for, marked where they stand. Owns who is told of them; where they stand is searchQuery's. */

import { createContext, useContext, useMemo, type ReactNode } from "react";
import { rangesOf, termsOf, type Term } from "./searchQuery";

const NONE: Term[] = [];
const TermsContext = createContext<Term[]>(NONE);

export function SearchTerms({ query, children }: { query: string | undefined; children: ReactNode }) {
  const terms = useMemo(() => (query ? termsOf(query) : NONE), [query]);
  return <TermsContext value={terms}>{children}</TermsContext>;
}

export function useSearchTerms(): Term[] {
  return useContext(TermsContext);
}

export function Highlighted({ text }: { text: string }) {
  const terms = useSearchTerms();
  const ranges = rangesOf(text, terms);
  if (ranges.length === 0) return text;
  const parts: ReactNode[] = [];
  let end = 0;
  for (const range of ranges) {
    if (range.start > end) parts.push(text.slice(end, range.start));
    parts.push(<mark key={range.start}>{text.slice(range.start, range.end)}</mark>);
    end = range.end;
  }
  parts.push(text.slice(end));
  return parts;
}
