/** The inbox's search box: suggests operators and their values, shows what it recognised, says what it can't read. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { keys } from "../api/keys";
import type { ContactSummary } from "../api/types";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import type { ListData } from "./listCache";
import { useLabels, useUsers } from "./queries";
import { complaintOf, isUnfinished, tokensOf, withoutToken, withToken, type Token } from "./searchQuery";
import styles from "./SearchField.module.css";
import { suggestionsFor, tokenAt, type Known } from "./suggestions";

const TYPING_PAUSE_MS = 250;

type Props = { value: string; onChange: (value: string) => void };

export function SearchField({ value, onChange }: Props) {
  const [typed, setTyped] = useState(value);
  const [caret, setCaret] = useState(value.length);
  const [focused, setFocused] = useState(false);
  const [closed, setClosed] = useState(true);
  const [at, setAt] = useState(-1);
  /** Enter was pressed: what is unfinished is meant so. */
  const [meant, setMeant] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const known = useKnown(focused);
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  // The space behind a word is on its way to the next one.
  useEffect(() => setTyped((present) => (present.trim() === value ? present : value)), [value]);

  const tokens = tokensOf(typed);
  const here = focused ? tokenAt(typed, caret) : null;
  const isOnItsWay = (token: Token) => token.start === here?.start && meant !== typed && isUnfinished(token);
  const unreadable = tokens.filter((token) => complaintOf(token) !== null);
  const complaints = unreadable.filter((token) => !isOnItsWay(token)).map(complaintOf);
  const canAsk = unreadable.length === 0;
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === value || !canAsk) return undefined;
    const timer = setTimeout(() => latest.current(wanted), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, canAsk]);

  const offered = focused && !closed ? suggestionsFor(typed, caret, known) : [];
  const active = Math.min(at, offered.length - 1);
  const write = (text: string, place: number) => {
    // At once: what is typed next must find the caret where it belongs.
    flushSync(() => {
      setTyped(text);
      setCaret(place);
      setAt(-1);
    });
    input.current?.setSelectionRange(place, place);
  };
  const take = (index: number) => {
    const suggestion = offered[index];
    if (!suggestion) return;
    const token = tokenAt(typed, caret) ?? { start: caret, end: caret };
    const next = withToken(typed, token, suggestion.written);
    write(next.text, next.caret);
    // An operator waits for its value; a value is whole.
    setClosed(!suggestion.written.endsWith(":"));
    input.current?.focus();
  };
  const ask = (text: string) => {
    setMeant(text);
    if (tokensOf(text).every((token) => complaintOf(token) === null)) onChange(text.trim());
  };
  /** At once: a filter that is chosen next is not one of this search. */
  const clear = () => {
    write("", 0);
    if (value) onChange("");
  };
  useCommands({
    search: () => {
      input.current?.focus();
      input.current?.select();
      // Behind what is open on a phone it can't be focused.
      return input.current === document.activeElement;
    },
  });

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const open = offered.length > 0;
    if (event.key === "Escape") {
      event.preventDefault();
      if (open) setClosed(true);
      else if (typed) clear();
      else input.current?.blur();
    } else if (event.key === "Enter") {
      if (open && active >= 0) {
        event.preventDefault();
        take(active);
        return;
      }
      setClosed(true);
      ask(typed);
    } else if (event.key === "Tab" && open && active >= 0 && !event.shiftKey) {
      event.preventDefault();
      take(active);
    } else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place before the first is the field itself.
      setAt(((active + 1 + step + offered.length + 1) % (offered.length + 1)) - 1);
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      document.querySelector<HTMLElement>("[data-row]")?.focus();
    }
  };

  return (
    <div className={styles.field}>
      <div className={styles.box}>
        <Icon name="search" size={16} />
        <input
          ref={input}
          type="search"
          role="combobox"
          aria-label={m.list.search}
          aria-keyshortcuts="/"
          aria-expanded={offered.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
          aria-invalid={complaints.length > 0 || undefined}
          aria-describedby={complaints.length > 0 ? `${id}-says` : undefined}
          placeholder={m.list.searchPlaceholder}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          maxLength={500}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setCaret(event.target.selectionStart ?? event.target.value.length);
            setClosed(false);
            setAt(-1);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
          onFocus={() => setFocused(true)}
          onBlur={() => {
            setFocused(false);
            setClosed(true);
          }}
          onClick={() => setClosed(false)}
          onKeyDown={onKeyDown}
        />
        {typed && <IconButton small icon="close" label={m.list.clearSearch} onClick={clear} />}
        {offered.length > 0 && (
          <ul id={`${id}-list`} className={styles.list} role="listbox" aria-label={m.search.suggestions}>
            {offered.map((suggestion, index) => (
              <li
                key={suggestion.written}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === active}
                className={styles.option}
                onPointerDown={(event) => {
                  // The field keeps the focus.
                  event.preventDefault();
                  take(index);
                }}
              >
                <code>{suggestion.label}</code>
                <span>{suggestion.hint}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <Recognised
        tokens={tokens.filter((token) => token.operator !== null && token.value !== "" && complaintOf(token) === null)}
        onRemove={(token) => {
          const text = withoutToken(typed, token);
          write(text, text.length);
          onChange(text);
        }}
      />
      <div id={`${id}-says`} role="status" aria-live="polite">
        {complaints.map((complaint) => (
          <p key={complaint} className={styles.complaint}>
            {complaint}
          </p>
        ))}
      </div>
    </div>
  );
}

function Recognised({ tokens, onRemove }: { tokens: Token[]; onRemove: (token: Token) => void }) {
  if (tokens.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label={m.search.recognised}>
      {tokens.map((token) => {
        const name = token.operator ? m.search.operators[token.operator] : "";
        const words = `${name} ${token.value}${token.prefix ? "…" : ""}`;
        const said = token.negated ? m.search.without(words) : words;
        return (
          <li key={token.start} className={styles.chip}>
            <span>{said}</span>
            <button type="button" aria-label={m.search.remove(said)} onClick={() => onRemove(token)}>
              <Icon name="close" size={11} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** Contacts seen so far: whom one looks for is mostly somebody in sight. */
function useKnown(wanted: boolean): Known {
  const client = useQueryClient();
  const labels = useLabels();
  const users = useUsers().data ?? [];
  if (!wanted) return { labels, people: [], contacts: [] };
  const contacts = new Map<string, ContactSummary>();
  for (const [, data] of client.getQueriesData<ListData>({ queryKey: keys.conversationLists })) {
    for (const item of data?.pages.slice(0, KNOWN_PAGES_MAX).flatMap((page) => page.items) ?? []) {
      if (item.contact?.address) contacts.set(item.contact.address, item.contact);
    }
  }
  return {
    labels,
    people: users.map((user) => ({ name: user.name ?? "", email: user.email })),
    contacts: [...contacts.values()].map(({ name, address }) => ({ name: name ?? null, address: address ?? "" })),
  };
}

const KNOWN_PAGES_MAX = 10;
