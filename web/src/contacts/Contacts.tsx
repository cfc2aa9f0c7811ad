/** Everybody who was written with: found by how a name or an address begins. */

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { contacts } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Contact } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { looksLikeAddress } from "../format/address";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Avatar, Breakable, EmptyState } from "../ui/bits";
import { Button, classNames } from "../ui/Button";
import { SearchBox } from "../ui/Chips";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { nameOfContact, primaryOf, storeContact } from "./changes";
import styles from "./contacts.module.css";

export default function Contacts() {
  const [creating, setCreating] = useState(false);
  const [, navigate] = useLocation();
  const q = new URLSearchParams(useSearch()).get("q") ?? "";
  const search = (next: string) => navigate(next ? `/contacts?${new URLSearchParams({ q: next })}` : "/contacts", { replace: true });
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {m.contacts.create}
    </Button>
  );
  return (
    <Page title={m.contacts.title} lead={m.contacts.lead} actions={create}>
      <div className={styles.find} role="search" aria-label={m.contacts.search}>
        <SearchBox label={m.contacts.search} placeholder={m.contacts.searchHint} value={q} onChange={search} />
      </div>
      <List q={q} />
      {creating && <NewContact onClose={() => setCreating(false)} />}
    </Page>
  );
}

function List({ q }: { q: string }) {
  const list = useInfiniteQuery({
    queryKey: keys.contactList(q),
    queryFn: ({ pageParam, signal }) => contacts.list({ q, cursor: pageParam, take: 50 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
    placeholderData: (before) => before,
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <ListSkeleton rows={5} />;
  if (list.isError && items.length === 0) {
    return <ProblemNotice title={m.contacts.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />;
  }
  if (items.length === 0) {
    return q ? (
      <EmptyState icon="search" title={m.contacts.noneFound} text={m.contacts.noneFoundText} />
    ) : (
      <EmptyState icon="people" title={m.contacts.empty} text={m.contacts.emptyText} />
    );
  }
  return (
    <>
      <ul className={listStyles.list}>
        {items.map((contact) => (
          <li key={contact.id}>
            <Row contact={contact} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  );
}

function Row({ contact }: { contact: Contact }) {
  const name = nameOfContact(contact);
  const primary = primaryOf(contact);
  const more = contact.addresses.length - 1;
  return (
    <Link href={`/contacts/${contact.id}`} className={listStyles.row} data-row>
      <Avatar name={name} size={34} />
      <span className={listStyles.main}>
        <strong dir="auto">
          <Breakable text={name} />
        </strong>
        <span className={listStyles.sub}>
          {contact.name && primary && <Breakable text={primary.address} />} {more > 0 && m.contacts.addressesMore(more)}
        </span>
      </span>
      <span className={classNames(listStyles.side, styles.since)}>{m.contacts.since(longTime(contact.createdAt))}</span>
    </Link>
  );
}

function NewContact({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState({ name: "", address: "" });
  const [complaints, setComplaints] = useState<{ address?: string }>({});
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: (body: { name?: string; addresses: string[] }) => contacts.create(body, idempotencyKey(body)),
    onSuccess: (contact) => {
      storeContact(client, contact);
      toast(m.contacts.created);
      navigate(`/contacts/${contact.id}`);
    },
  });
  const problem = create.error ? asProblem(create.error) : null;
  const formRef = useFirstError(complaints, create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const [name, address] = [form.name.trim(), form.address.trim()];
    const found = looksLikeAddress(address) ? {} : { address: m.contacts.addressMissing };
    setComplaints(found);
    if (Object.keys(found).length === 0) create.mutate({ ...(name ? { name } : {}), addresses: [address] });
  };
  return (
    <Dialog title={m.contacts.create} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={submit} noValidate>
        {problem && <ProblemNotice title={m.contacts.createFailed} problem={problem} />}
        <TextField
          label={m.contacts.address}
          type="email"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          error={complaints.address ?? problem?.field("addresses/0")}
          value={form.address}
          onChange={(event) => setForm({ ...form, address: event.target.value })}
        />
        <TextField
          label={m.contacts.name}
          optional
          autoComplete="off"
          error={problem?.field("name")}
          value={form.name}
          onChange={(event) => setForm({ ...form, name: event.target.value })}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={create.isPending}>
            {create.isPending ? m.contacts.creating : m.contacts.createNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
