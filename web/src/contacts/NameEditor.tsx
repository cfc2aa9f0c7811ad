/** A contact's name, changed in its place. */

import { useState, type FormEvent } from "react";
import { contacts } from "../api/contacts";
import type { Contact } from "../api/types";
import { m } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { useEditContact } from "./changes";
import { Part } from "./Part";
import styles from "./contacts.module.css";

export function NameEditor({ contact }: { contact: Contact }) {
  const [editing, setEditing] = useState(false);
  return (
    <Part title={m.contacts.name} action={!editing && <IconButton small icon="edit" label={m.contacts.editName} onClick={() => setEditing(true)} />}>
      {editing ? (
        <Editing contact={contact} onDone={() => setEditing(false)} />
      ) : (
        <p className={contact.name ? undefined : "muted small"} dir="auto">
          {contact.name ?? m.contacts.noName}
        </p>
      )}
    </Part>
  );
}

function Editing({ contact, onDone }: { contact: Contact; onDone: () => void }) {
  const [name, setName] = useState(contact.name ?? "");
  // The change is made of what was there when the editing began.
  const [seen] = useState(contact.updatedAt);
  const edit = useEditContact(contact.id);
  const save = (event: FormEvent) => {
    event.preventDefault();
    const next = name.trim() || null;
    onDone();
    if (next === contact.name) return;
    edit.mutate({
      shown: (before) => ({ ...before, name: next }),
      send: () => contacts.patch(contact.id, { name: next, ifUpdatedAt: seen }),
      failed: m.contacts.nameFailed,
    });
  };
  return (
    <form className={styles.line} onSubmit={save}>
      <input
        autoFocus
        aria-label={m.contacts.name}
        className={styles.field}
        value={name}
        maxLength={200}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          onDone();
        }}
      />
      <Button small type="submit" variant="primary">
        {m.save}
      </Button>
      <Button small onClick={onDone}>
        {m.cancel}
      </Button>
    </form>
  );
}
