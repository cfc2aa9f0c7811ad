/** A contact's addresses: which is written to, one more, one that is not theirs. */

import { useState, type FormEvent } from "react";
import { contacts } from "../api/contacts";
import type { Contact } from "../api/types";
import { looksLikeAddress } from "../format/address";
import { m } from "../i18n";
import { Badge, Breakable } from "../ui/bits";
import { Button, IconButton } from "../ui/Button";
import { Menu, type MenuItem } from "../ui/Menu";
import { useEditContact } from "./changes";
import { Part } from "./Part";
import styles from "./contacts.module.css";

export function Addresses({ contact }: { contact: Contact }) {
  const [adding, setAdding] = useState(false);
  return (
    <Part title={m.contacts.addresses} action={!adding && <IconButton small icon="plus" label={m.contacts.addAddress} onClick={() => setAdding(true)} />}>
      <ul className={styles.values}>
        {contact.addresses.map((each) => (
          <Address key={each.address} contact={contact} address={each.address} primary={each.primary} />
        ))}
      </ul>
      {adding && <Adding contact={contact} onDone={() => setAdding(false)} />}
    </Part>
  );
}

function Address({ contact, address, primary }: { contact: Contact; address: string; primary: boolean }) {
  const edit = useEditContact(contact.id);
  const makePrimary = () =>
    edit.mutate({
      shown: (before) => ({ ...before, addresses: before.addresses.map((each) => ({ ...each, primary: each.address === address })) }),
      send: () => contacts.putAddress(contact.id, address, true),
      failed: m.contacts.addressFailed,
    });
  const remove = () =>
    edit.mutate({
      shown: (before) => ({ ...before, addresses: before.addresses.filter((each) => each.address !== address) }),
      send: () => contacts.removeAddress(contact.id, address),
      failed: m.contacts.addressFailed,
      said: m.contacts.addressRemoved(address),
    });
  const items: MenuItem[] = [
    ...(primary ? [] : [{ label: m.contacts.makePrimary, icon: "mail" as const, run: makePrimary }]),
    ...(contact.addresses.length > 1 ? [{ label: m.contacts.removeAddress, icon: "trash" as const, danger: true, run: remove }] : []),
  ];
  return (
    <li className={styles.value}>
      <span className={styles.valueText}>
        <Breakable text={address} />{" "}
        {primary && contact.addresses.length > 1 && (
          <span title={m.contacts.primaryHint}>
            <Badge>{m.contacts.primary}</Badge>
          </span>
        )}
      </span>
      {items.length > 0 && (
        <Menu
          label={m.contacts.addressActions(address)}
          items={items}
          trigger={(props) => <IconButton small icon="more" label={m.contacts.addressActions(address)} {...props} />}
        />
      )}
    </li>
  );
}

function Adding({ contact, onDone }: { contact: Contact; onDone: () => void }) {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const edit = useEditContact(contact.id);
  const add = (event: FormEvent) => {
    event.preventDefault();
    const address = typed.trim();
    if (!looksLikeAddress(address)) {
      setWrong(true);
      return;
    }
    edit.mutate(
      {
        // Whether it is free only the server knows: it is shown when it says so.
        shown: (before) => before,
        send: () => contacts.putAddress(contact.id, address, false),
        failed: m.contacts.addressFailed,
        said: m.contacts.addressAdded(address),
      },
      { onSuccess: onDone },
    );
  };
  return (
    <form className={styles.stacked} onSubmit={add} noValidate>
      <input
        autoFocus
        type="email"
        aria-label={m.contacts.address}
        aria-invalid={wrong || undefined}
        aria-describedby={wrong ? `wrong-address-${contact.id}` : undefined}
        className={styles.field}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setWrong(false);
        }}
      />
      {wrong && (
        <span id={`wrong-address-${contact.id}`} className={styles.wrong}>
          {m.contacts.addressMissing}
        </span>
      )}
      <span className={styles.line}>
        <Button small type="submit" variant="primary" disabled={edit.isPending}>
          {m.contacts.addAddressNow}
        </Button>
        <Button small onClick={onDone}>
          {m.cancel}
        </Button>
      </span>
    </form>
  );
}
