/** What programs and colleagues know of a contact: keys and values, each of its kind. */

import { useState, type FormEvent } from "react";
import { contacts } from "../api/contacts";
import type { Contact } from "../api/types";
import { m } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { kindOf, readValue, typed, type AttributeKind } from "./attributes";
import { useEditContact } from "./changes";
import { Part } from "./Part";
import styles from "./contacts.module.css";

/** Nothing, a new one (""), or the one of this name. */
type Editing = string | null;

export function Attributes({ contact }: { contact: Contact }) {
  const [editing, setEditing] = useState<Editing>(null);
  const edit = useEditContact(contact.id);
  const entries = Object.entries(contact.attributes as Record<string, unknown>).sort(([a], [b]) => a.localeCompare(b));
  const done = () => setEditing(null);
  const put = (name: string, value: unknown) => {
    done();
    edit.mutate({
      shown: (before) => ({ ...before, attributes: withAttribute(before.attributes, name, value) }),
      send: () => contacts.patch(contact.id, { attributes: { [name]: value } }),
      failed: m.contacts.attributesFailed,
    });
  };
  return (
    <Part title={m.contacts.attributes} action={editing !== "" && <IconButton small icon="plus" label={m.contacts.addAttribute} onClick={() => setEditing("")} />}>
      {entries.length === 0 && editing === null && <p className="muted small">{m.contacts.noAttributes}</p>}
      <ul className={styles.values}>
        {entries.map(([name, value]) =>
          editing === name ? (
            <li key={name}>
              <Form name={name} value={value} taken={[]} onPut={put} onDone={done} />
            </li>
          ) : (
            <li key={name} className={styles.value}>
              <span className={styles.valueText}>
                <span className={styles.valueName}>{name}</span>
                <span dir="auto">{shownValue(value)}</span>
              </span>
              <IconButton small icon="edit" label={m.contacts.editAttribute(name)} onClick={() => setEditing(name)} />
              <IconButton small icon="close" label={m.contacts.removeAttribute(name)} onClick={() => put(name, null)} />
            </li>
          ),
        )}
      </ul>
      {editing === "" && <Form taken={entries.map(([name]) => name)} onPut={put} onDone={done} />}
    </Part>
  );
}

function withAttribute(attributes: object, name: string, value: unknown): Record<string, never> {
  const next: Record<string, unknown> = { ...attributes };
  if (value === null) delete next[name];
  else next[name] = value;
  return next as Record<string, never>;
}

function shownValue(value: unknown): string {
  if (typeof value === "boolean") return value ? m.contacts.yes : m.contacts.no;
  return typed(value);
}

type FormProps = { name?: string; value?: unknown; taken: string[]; onPut: (name: string, value: unknown) => void; onDone: () => void };

const KINDS: AttributeKind[] = ["text", "number", "boolean", "json"];

function Form({ name: known, value, taken, onPut, onDone }: FormProps) {
  const [name, setName] = useState(known ?? "");
  const [kind, setKind] = useState<AttributeKind>(value === undefined ? "text" : kindOf(value));
  const [text, setText] = useState(value === undefined ? "" : typed(value));
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const read = readValue(kind, text);
    const key = name.trim();
    if (!key) setWrong(m.contacts.attributeNameMissing);
    else if (taken.includes(key)) setWrong(m.contacts.attributeTaken);
    else if (read === undefined) setWrong(kind === "number" ? m.contacts.notANumber : m.contacts.notJson);
    else onPut(key, read);
  };
  return (
    <form className={styles.stacked} onSubmit={submit} noValidate>
      {known === undefined && (
        <input
          autoFocus
          aria-label={m.contacts.attributeName}
          placeholder={m.contacts.attributeName}
          className={styles.field}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      <span className={styles.line}>
        <select
          aria-label={m.contacts.attributeKind}
          className={styles.kind}
          value={kind}
          onChange={(event) => {
            const next = event.target.value as AttributeKind;
            setKind(next);
            if (next === "boolean") setText("true");
            else if (kind === "boolean") setText("");
          }}
        >
          {KINDS.map((each) => (
            <option key={each} value={each}>
              {m.contacts.kinds[each]}
            </option>
          ))}
        </select>
        {kind === "boolean" ? (
          <select aria-label={m.contacts.attributeValue} className={styles.field} value={text} onChange={(event) => setText(event.target.value)}>
            <option value="true">{m.contacts.yes}</option>
            <option value="false">{m.contacts.no}</option>
          </select>
        ) : (
          <input
            autoFocus={known !== undefined}
            aria-label={m.contacts.attributeValue}
            placeholder={m.contacts.attributeValue}
            inputMode={kind === "number" ? "decimal" : undefined}
            className={styles.field}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </span>
      {wrong && (
        <span role="alert" className={styles.wrong}>
          {wrong}
        </span>
      )}
      <span className={styles.line}>
        <Button small type="submit" variant="primary">
          {m.save}
        </Button>
        <Button small onClick={onDone}>
          {m.cancel}
        </Button>
      </span>
    </form>
  );
}
