/** What can be changed of a contact, beside one of its conversations. */

import type { Contact } from "../api/types";
import { Addresses } from "./Addresses";
import { Attributes } from "./Attributes";
import { History } from "./History";
import { NameEditor } from "./NameEditor";
import { Notes } from "./Notes";

export default function ContactCare({ contact }: { contact: Contact }) {
  return (
    <>
      <Notes contactId={contact.id} />
      <NameEditor contact={contact} />
      <Addresses contact={contact} />
      <Attributes contact={contact} />
      <History contactId={contact.id} take={10} />
    </>
  );
}
