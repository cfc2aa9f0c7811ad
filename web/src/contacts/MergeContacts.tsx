/** Choosing the contact that is the same person. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { contacts } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Contact } from "../api/types";
import { m } from "../i18n";
import { Avatar, Breakable } from "../ui/bits";
import { Button, IconButton } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { nameOfContact, primaryOf, storeContact } from "./changes";
import styles from "./contacts.module.css";

const FOUND_MAX = 10;

export function MergeContacts({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<Contact | null>(null);
  const client = useQueryClient();
  const q = typed.trim();
  const found = useQuery({
    queryKey: ["contacts-found", q],
    queryFn: ({ signal }) => contacts.list({ q, take: FOUND_MAX + 1 }, signal),
    enabled: q !== "",
    placeholderData: (before) => before,
  });
  const merge = useMutation({
    mutationFn: (other: Contact) => contacts.merge(contact.id, other.id),
    onSuccess: (merged, other) => {
      storeContact(client, merged);
      void client.invalidateQueries({ queryKey: keys.contact(contact.id) });
      toast(m.contacts.merged(nameOfContact(other)));
      onClose();
    },
  });
  const others = q === "" ? [] : (found.data?.items ?? []).filter((each) => each.id !== contact.id).slice(0, FOUND_MAX);
  return (
    <Dialog title={m.contacts.mergeTitle(nameOfContact(contact))} onClose={onClose}>
      <div className={formClass}>
        <p>{m.contacts.mergeText}</p>
        {merge.error && <ProblemNotice title={m.contacts.mergeFailed} problem={asProblem(merge.error)} />}
        {chosen ? (
          <div className={styles.chosen}>
            <Person contact={chosen} />
            <IconButton small icon="close" label={m.cancel} onClick={() => setChosen(null)} />
          </div>
        ) : (
          <>
            <TextField label={m.contacts.mergeFind} hint={m.contacts.searchHint} value={typed} autoComplete="off" data-autofocus onChange={(event) => setTyped(event.target.value)} />
            {q !== "" && found.isSuccess && others.length === 0 && <p className="muted small">{m.contacts.noneFound}</p>}
            <ul className={styles.matches}>
              {others.map((other) => (
                <li key={other.id}>
                  <button type="button" className={styles.match} onClick={() => setChosen(other)}>
                    <Person contact={other} />
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      <DialogActions>
        <Button onClick={onClose}>{m.cancel}</Button>
        <Button variant="primary" disabled={!chosen || merge.isPending} onClick={() => chosen && merge.mutate(chosen)}>
          {chosen ? m.contacts.mergeNow(nameOfContact(chosen)) : m.contacts.mergeNobody}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Person({ contact }: { contact: Contact }) {
  const name = nameOfContact(contact);
  const address = primaryOf(contact)?.address;
  return (
    <>
      <Avatar name={name} size={28} />
      <span className={styles.matchText}>
        <b dir="auto">{name}</b> {contact.name && address && <span className="muted small"><Breakable text={address} /></span>}
      </span>
    </>
  );
}
