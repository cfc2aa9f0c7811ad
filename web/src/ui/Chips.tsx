/** Filters over a list: a search field, and chips that say what is chosen and open what could be. */

import { useEffect, useRef, useState, type ButtonHTMLAttributes } from "react";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { classNames, IconButton } from "./Button";
import { Icon } from "./Icon";
import { Menu, type MenuItem } from "./Menu";
import styles from "./Chips.module.css";

export const chipsClass = styles.chips ?? "";

const TYPING_PAUSE_MS = 250;

type ChipProps = { on: boolean } & ButtonHTMLAttributes<HTMLButtonElement>;

export function Chip({ on, children, ...rest }: ChipProps) {
  return (
    <button type="button" className={classNames(styles.chip, on && styles.on)} {...rest}>
      {children}
    </button>
  );
}

/** What a chip that opens something shows. Where nothing is chosen it says what could be, briefly, so that chips stay on one line. */
export function ChipWords({ label, value, on, short }: { label: string; value: string; on: boolean; short?: boolean }) {
  return (
    <>
      <span>{on || !short ? value : label}</span>
      <Icon name="down" size={13} />
    </>
  );
}

type ChipMenuProps = { label: string; value: string; on: boolean; short?: boolean; items: MenuItem[] };

export function ChipMenu({ label, value, on, short, items }: ChipMenuProps) {
  return (
    <Menu
      label={label}
      items={items}
      trigger={(props) => (
        <Chip on={on} aria-label={`${label}: ${value}`} {...props}>
          <ChipWords label={label} value={value} on={on} short={short} />
        </Chip>
      )}
    />
  );
}

type SearchProps = {
  label: string;
  placeholder: string;
  value: string;
  /** Whether what is typed is worth asking for without Enter. */
  worthAsking?: (typed: string) => boolean;
  onChange: (value: string) => void;
};

/** Asks a moment after the last key, or at Enter. */
export function SearchBox({ label, placeholder, value, worthAsking = () => true, onChange }: SearchProps) {
  const [typed, setTyped] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef({ onChange, worthAsking });
  useEffect(() => {
    latest.current = { onChange, worthAsking };
  });
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === value || (wanted !== "" && !latest.current.worthAsking(wanted))) return undefined;
    const timer = setTimeout(() => latest.current.onChange(wanted), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  useCommands({
    search: () => {
      input.current?.focus();
      input.current?.select();
      // Behind what is open on a phone it can't be focused.
      return input.current === document.activeElement;
    },
  });
  return (
    <div className={styles.search}>
      <Icon name="search" size={16} />
      <input
        ref={input}
        type="search"
        aria-label={label}
        aria-keyshortcuts="/"
        placeholder={placeholder}
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            if (typed) setTyped("");
            else input.current?.blur();
          }
          if (event.key === "Enter") onChange(typed.trim());
          if (event.key === "ArrowDown") {
            event.preventDefault();
            document.querySelector<HTMLElement>("[data-row]")?.focus();
          }
        }}
      />
      {typed && <IconButton small icon="close" label={m.list.clearSearch} onClick={() => setTyped("")} />}
    </div>
  );
}
