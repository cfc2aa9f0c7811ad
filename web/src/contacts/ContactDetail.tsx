/** One contact: who they are, what colleagues noted, and all that was written with them. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { contacts } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Contact } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { EraseDialog } from "../privacy/EraseDialog";
import { Page } from "../shell/Page";
import { IconButton } from "../ui/Button";
import { Gone } from "../ui/Gone";
import { ListSkeleton } from "../ui/list";
import { Menu, type MenuItem } from "../ui/Menu";
import { ProblemNotice } from "../ui/ProblemNotice";
import { Addresses } from "./Addresses";
import { Attributes } from "./Attributes";
import { nameOfContact } from "./changes";
import { ContactConversations, History } from "./History";
import { MergeContacts } from "./MergeContacts";
import { NameEditor } from "./NameEditor";
import { Notes } from "./Notes";
import { PartLevel } from "./Part";
import styles from "./contacts.module.css";

const UP = { href: "/contacts", label: m.contacts.title };

export default function ContactDetail({ id }: { id: string }) {
  const contact = useQuery({ queryKey: keys.contact(id), queryFn: ({ signal }) => contacts.get(id, signal) });
  const [, navigate] = useLocation();
  const actual = contact.data?.id;
  // One that was merged leads to the one that stayed.
  useEffect(() => {
    if (actual && actual !== id) navigate(`/contacts/${actual}`, { replace: true });
  }, [actual, id, navigate]);
  if (contact.data && !contact.isError) return <Detail contact={contact.data} />;
  if (contact.isPending) {
    return (
      <Page title={m.loading} up={UP}>
        <ListSkeleton rows={5} />
      </Page>
    );
  }
  const problem = asProblem(contact.error);
  if (problem.status === 404) return <Gone title={m.contacts.notFound} back={{ href: UP.href, label: m.contacts.back }} />;
  return (
    <Page title={m.contacts.title} up={UP}>
      <ProblemNotice title={m.contacts.oneFailed} problem={problem} onRetry={() => void contact.refetch()} />
    </Page>
  );
}

function Detail({ contact }: { contact: Contact }) {
  const [asking, setAsking] = useState<"merge" | "erase" | null>(null);
  const name = nameOfContact(contact);
  return (
    <Page
      title={name}
      up={UP}
      lead={m.contacts.since(longTime(contact.createdAt))}
      actions={<ContactMenu contact={contact} onMerge={() => setAsking("merge")} onErase={() => setAsking("erase")} />}
    >
      <PartLevel value="h2">
        <div className={styles.columns}>
          <div>
            <NameEditor contact={contact} />
            <Addresses contact={contact} />
            <Attributes contact={contact} />
            <Notes contactId={contact.id} />
          </div>
          <div>
            <ContactConversations contactId={contact.id} />
            <History contactId={contact.id} />
          </div>
        </div>
      </PartLevel>
      {asking === "merge" && <MergeContacts contact={contact} onClose={() => setAsking(null)} />}
      {asking === "erase" && <EraseDialog contact={contact} onClose={() => setAsking(null)} />}
    </Page>
  );
}

function ContactMenu({ contact, onMerge, onErase }: { contact: Contact; onMerge: () => void; onErase: () => void }) {
  const admin = useIsAdmin();
  const label = m.contacts.more(nameOfContact(contact));
  const items: MenuItem[] = [
    { label: m.contacts.merge, icon: "merge", run: onMerge },
    ...(admin
      ? ([
          { label: m.privacy.export, icon: "zip", run: () => download(contacts.exportUrl(contact.id), `${contact.id}.zip`) },
          "separator",
          { label: m.privacy.erase, icon: "trash", danger: true, run: onErase },
        ] as const)
      : []),
  ];
  return <Menu label={label} items={items} trigger={(props) => <IconButton icon="more" variant="default" label={label} {...props} />} />;
}

/** The browser takes it to the disk as it comes; it may be large. */
function download(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
