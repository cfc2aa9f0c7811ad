/** Erasing a contact: what will go, what is remembered all the same, and the address once more by hand. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { contacts } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Contact, ErasedSuppressions, ErasureCounts } from "../api/types";
import { nameOfContact, primaryOf } from "../contacts/changes";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { Choice, FieldGroup, formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import styles from "./privacy.module.css";

const COUNTED = ["conversations", "messages", "contactNotes", "activities", "lists", "suppressions", "reports"] as const;
const CHOICES = Object.keys(m.privacy.choices) as ErasedSuppressions[];

/** In words, without what there is none of. */
export function inWords(counts: ErasureCounts): string[] {
  return COUNTED.filter((each) => counts[each] > 0).map((each) => m.privacy[each](counts[each]));
}

export function EraseDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const [kept, setKept] = useState<ErasedSuppressions>("keep");
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const confirmation = primaryOf(contact)?.address ?? contact.id;
  const counts = useQuery({
    queryKey: keys.contactErasure(contact.id),
    queryFn: ({ signal }) => contacts.erasure(contact.id, signal),
    staleTime: 0,
  });
  const erase = useMutation({
    mutationFn: () => contacts.erase(contact.id, kept),
    onSuccess: () => {
      toast(m.privacy.erased);
      navigate("/contacts", { replace: true });
      client.removeQueries({ queryKey: keys.contact(contact.id) });
      for (const queryKey of [keys.contacts, keys.conversationLists, keys.counts, keys.erasures]) {
        void client.invalidateQueries({ queryKey });
      }
    },
  });
  const words = counts.data && inWords(counts.data);
  return (
    <Dialog title={m.privacy.eraseTitle(nameOfContact(contact))} onClose={onClose}>
      <form
        className={formClass}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const same = typed.trim().toLowerCase() === confirmation.toLowerCase();
          setWrong(!same);
          if (same) erase.mutate();
        }}
      >
        <p>{m.privacy.eraseText}</p>
        {erase.error && <ProblemNotice title={m.privacy.eraseFailed} problem={asProblem(erase.error)} />}
        <div className={styles.goes} role="status">
          <b>{m.privacy.goes}</b>
          {counts.isPending && <Skeleton width="60%" />}
          {counts.isError && <ProblemNotice title={m.privacy.countFailed} problem={asProblem(counts.error)} onRetry={() => void counts.refetch()} />}
          {words && (words.length > 0 ? <ul>{words.map((each) => <li key={each}>{each}</li>)}</ul> : <p>{m.privacy.nothing}</p>)}
        </div>
        <FieldGroup legend={m.privacy.suppressionsLegend}>
          {CHOICES.map((choice) => (
            <Choice
              key={choice}
              type="radio"
              name="suppressions"
              label={m.privacy.choices[choice].label}
              hint={m.privacy.choices[choice].hint}
              checked={kept === choice}
              onChange={() => setKept(choice)}
            />
          ))}
        </FieldGroup>
        <TextField
          label={m.privacy.confirm(confirmation)}
          error={wrong ? m.privacy.confirmWrong : null}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setWrong(false);
          }}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="danger" disabled={erase.isPending}>
            {m.privacy.eraseNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
