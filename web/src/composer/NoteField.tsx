/** Where an internal note is written. `@` offers the people of the workspace. */

import { useId, useRef, useState, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { useUsers } from "../conversations/queries";
import { m } from "../i18n";
import { Avatar } from "../ui/bits";
import { mentioningAt, peopleFor, writtenAs } from "./mentions";
import styles from "./NoteField.module.css";

type Props = { className: string | undefined; value: string; readOnly: boolean; onChange: (text: string) => void };

export function NoteField({ className, value, readOnly, onChange }: Props) {
  const users = useUsers().data ?? [];
  const [caret, setCaret] = useState<number | null>(null);
  const [at, setAt] = useState(0);
  /** The `@` whose offers were closed. */
  const [closed, setClosed] = useState<number | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const mentioning = caret === null || readOnly ? null : mentioningAt(value, caret);
  const offered = mentioning && mentioning.start !== closed ? peopleFor(mentioning.typed, users) : [];
  const active = Math.min(at, offered.length - 1);

  const take = (index: number) => {
    const user = offered[index];
    if (!user || !mentioning || caret === null) return;
    const written = `${writtenAs(user, users)} `;
    const place = mentioning.start + written.length;
    // At once: what is typed next must find the caret behind the name.
    flushSync(() => {
      onChange(value.slice(0, mentioning.start) + written + value.slice(caret).trimStart());
      setCaret(null);
      setAt(0);
    });
    field.current?.focus();
    field.current?.setSelectionRange(place, place);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (offered.length === 0) {
      if (event.key === "Escape") event.currentTarget.blur();
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((active + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      take(active);
    } else if (event.key === "Escape") {
      event.preventDefault();
      setClosed(mentioning?.start ?? null);
    }
  };
  return (
    <div className={styles.wrap}>
      <textarea
        ref={field}
        className={className}
        aria-label={m.composer.note}
        aria-autocomplete="list"
        aria-controls={offered.length > 0 ? `${id}-list` : undefined}
        aria-activedescendant={offered.length > 0 ? `${id}-${active}` : undefined}
        placeholder={`${m.composer.notePlaceholder} ${m.mentions.hint}`}
        value={value}
        readOnly={readOnly}
        onChange={(event) => {
          setCaret(event.target.selectionStart);
          setClosed((present) => (present !== null && event.target.value[present] === "@" ? present : null));
          setAt(0);
          onChange(event.target.value);
        }}
        onBlur={() => setCaret(null)}
        onKeyDown={onKeyDown}
      />
      {offered.length > 0 && (
        <ul id={`${id}-list`} className={styles.list} role="listbox" aria-label={m.mentions.suggestions}>
          {offered.map((user, index) => (
            <li
              key={user.id}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              className={styles.option}
              onPointerDown={(event) => {
                event.preventDefault();
                take(index);
              }}
            >
              <Avatar name={user.name ?? user.email} size={20} />
              <span>{user.name ?? user.email}</span>
              {user.name && <span className={styles.address}>{user.email}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
