/** Whom a draft goes to: the lists, and what is typed beside them and not yet taken in. */

import { useState } from "react";
import { Problem } from "../api/problem";
import { m } from "../i18n";
import type { Draft } from "./drafts";
import { withTyped, type RecipientLists } from "./recipients";

export const RECIPIENT_FIELDS = ["to", "cc", "bcc"] as const;
export type RecipientFieldName = (typeof RECIPIENT_FIELDS)[number];

export function useRecipients(draft: Draft, update: (change: Partial<Draft>) => void, suggested?: { to: string[]; cc: string[] }) {
  const [typed, setTyped] = useState<Record<RecipientFieldName, string>>({ to: "", cc: "", bcc: "" });
  const lists: RecipientLists = {
    to: draft.to ?? suggested?.to ?? [],
    cc: draft.cc ?? suggested?.cc ?? [],
    bcc: draft.bcc,
  };

  /** The lists with what is typed, for sending. What is no address yet is an error, never left out. */
  const settle = (): RecipientLists => {
    const settled = { ...lists };
    for (const field of RECIPIENT_FIELDS) {
      const { list, wrong } = withTyped(lists[field], typed[field]);
      if (wrong !== undefined) throw new Problem(422, { detail: m.composer.notAnAddress(wrong) });
      settled[field] = list;
      if (list !== lists[field]) update({ [field]: list });
    }
    if (settled.to.length === 0) throw new Problem(422, { detail: m.composer.noRecipient });
    setTyped({ to: "", cc: "", bcc: "" });
    return settled;
  };

  return {
    lists,
    typed,
    setTyped: (field: RecipientFieldName, text: string) => setTyped((now) => ({ ...now, [field]: text })),
    setList: (field: RecipientFieldName, list: string[]) => update({ [field]: list }),
    settle,
  };
}

export type Recipients = ReturnType<typeof useRecipients>;
