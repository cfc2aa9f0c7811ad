/** What is changed of a contact: at once on screen, then on the server; what it refuses is taken back and said. */

import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { contacts } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Contact } from "../api/types";
import { m } from "../i18n";
import { toast, toastProblem } from "../ui/toast";

export function nameOfContact(contact: Contact): string {
  return contact.name ?? primaryOf(contact)?.address ?? m.contact.unknown;
}

export function primaryOf(contact: Contact): Contact["addresses"][number] | undefined {
  return contact.addresses.find((each) => each.primary) ?? contact.addresses[0];
}

export function storeContact(client: QueryClient, contact: Contact): void {
  client.setQueryData(keys.contact(contact.id), contact);
  void client.invalidateQueries({ queryKey: keys.contacts });
}

export type ContactEdit = {
  /** What is shown until the server answers. */
  shown: (contact: Contact) => Contact;
  send: (contact: Contact) => Promise<Contact>;
  failed: string;
  said?: string;
};

export function useEditContact(id: string) {
  const client = useQueryClient();
  return useMutation({
    // Two changes of one contact one after the other: the second is made of what came of the first.
    scope: { id: `contact ${id}` },
    mutationFn: async ({ send }: ContactEdit) => {
      const known = client.getQueryData<Contact>(keys.contact(id)) ?? (await contacts.get(id));
      return send(known);
    },
    onMutate: ({ shown }) => {
      const before = client.getQueryData<Contact>(keys.contact(id));
      // As it was told last: that is what the server compares with.
      if (before) client.setQueryData(keys.contact(id), { ...shown(before), updatedAt: before.updatedAt });
      return { before };
    },
    onSuccess: (contact, { said }) => {
      storeContact(client, contact);
      if (said) toast(said);
    },
    onError: (error, { failed }, context) => {
      if (context?.before) client.setQueryData(keys.contact(id), context.before);
      const problem = asProblem(error);
      if (problem.status === 409 || problem.status === 404) void client.invalidateQueries({ queryKey: keys.contact(id), exact: true });
      toastProblem(failed, error);
    },
  });
}
