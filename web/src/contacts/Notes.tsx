/** What colleagues noted about a contact, newest first. Who wrote one, or an administrator, changes it. */

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { contactNotes } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { ContactNote } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Skeleton } from "../ui/bits";
import { Button, IconButton } from "../ui/Button";
import { Menu } from "../ui/Menu";
import { LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { Part } from "./Part";
import styles from "./contacts.module.css";

export function Notes({ contactId }: { contactId: string }) {
  const notes = useInfiniteQuery({
    queryKey: keys.contactNotes(contactId),
    queryFn: ({ pageParam, signal }) => contactNotes.list(contactId, { cursor: pageParam, take: 10 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
  const items = notes.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Part title={m.contacts.notes}>
      <NewNote contactId={contactId} />
      {notes.isPending && <Skeleton height={36} />}
      {notes.isError && items.length === 0 && (
        <ProblemNotice title={m.contacts.notesFailed} problem={asProblem(notes.error)} onRetry={() => void notes.refetch()} />
      )}
      {notes.isSuccess && items.length === 0 && <p className="muted small">{m.contacts.noNotes}</p>}
      <ul className={styles.notes}>
        {items.map((note) => (
          <Note key={note.id} note={note} />
        ))}
      </ul>
      <LoadMore list={notes} label={m.contacts.earlier} />
    </Part>
  );
}

function NewNote({ contactId }: { contactId: string }) {
  const [text, setText] = useState("");
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const add = useMutation({
    mutationFn: (body: string) => contactNotes.create(contactId, body, idempotencyKey(body)),
    onSuccess: () => setText(""),
    onError: (error) => toastProblem(m.contacts.noteFailed, error),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.contactNotes(contactId) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() && !add.isPending) add.mutate(text.trim());
  };
  return (
    <form className={styles.stacked} onSubmit={submit}>
      <textarea
        aria-label={m.contacts.noteLabel}
        placeholder={m.contacts.notePlaceholder}
        className={styles.field}
        rows={text ? 3 : 1}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
        }}
      />
      {text.trim() !== "" && (
        <span className={styles.line}>
          <Button small type="submit" variant="primary" disabled={add.isPending}>
            {m.contacts.addNote}
          </Button>
          <Button small onClick={() => setText("")}>
            {m.cancel}
          </Button>
        </span>
      )}
    </form>
  );
}

function Note({ note }: { note: ContactNote }) {
  const [editing, setEditing] = useState(false);
  const { user } = useSession();
  const client = useQueryClient();
  const changed = () => void client.invalidateQueries({ queryKey: keys.contactNotes(note.contactId) });
  const remove = useMutation({
    mutationFn: () => contactNotes.remove(note.contactId, note.id),
    onSuccess: () => toast(m.contacts.noteDeleted),
    onError: (error) => toastProblem(m.contacts.noteFailed, error),
    onSettled: changed,
  });
  const mayChange = user.role === "admin" || note.authorId === user.id;
  if (remove.isPending || remove.isSuccess) return null;
  return (
    <li className={styles.note}>
      {editing ? (
        <EditNote note={note} onDone={() => setEditing(false)} />
      ) : (
        <>
          <p dir="auto">{note.text}</p>
          <span className={styles.noteFoot}>
            <span className="muted">
              {m.contacts.noteBy(note.authorName, longTime(note.createdAt))}
              {note.updatedAt !== note.createdAt && <span title={longTime(note.updatedAt)}> · {m.contacts.noteEdited}</span>}
            </span>
            {mayChange && (
              <Menu
                label={m.contacts.noteActions}
                items={[
                  { label: m.edit, icon: "edit", run: () => setEditing(true) },
                  { label: m.contacts.deleteNote, icon: "trash", danger: true, run: () => remove.mutate() },
                ]}
                trigger={(props) => <IconButton small icon="more" label={m.contacts.noteActions} {...props} />}
              />
            )}
          </span>
        </>
      )}
    </li>
  );
}

function EditNote({ note, onDone }: { note: ContactNote; onDone: () => void }) {
  const [text, setText] = useState(note.text);
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: () => contactNotes.change(note.contactId, note.id, text.trim()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.contactNotes(note.contactId) });
      onDone();
    },
    onError: (error) => toastProblem(m.contacts.noteFailed, error),
  });
  return (
    <form
      className={styles.stacked}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) change.mutate();
      }}
    >
      <textarea
        autoFocus
        aria-label={m.contacts.editNoteLabel}
        className={styles.field}
        rows={4}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <span className={styles.line}>
        <Button small type="submit" variant="primary" disabled={change.isPending || !text.trim()}>
          {m.contacts.saveNote}
        </Button>
        <Button small onClick={onDone}>
          {m.cancel}
        </Button>
      </span>
    </form>
  );
}
