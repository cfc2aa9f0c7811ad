/** Choose a conversation whose messages come into this one: those of the same contact first, any other by its words. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { conversations } from "../api/endpoints";
import { asProblem } from "../api/problem";
import type { Conversation } from "../api/types";
import { shortTime } from "../format/time";
import { m } from "../i18n";
import { EmptyState, Skeleton } from "../ui/bits";
import { Dialog } from "../ui/Dialog";
import { TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { useNow } from "../ui/useNow";
import { useContactConversations } from "./queries";
import { useRegrouped } from "./useRegrouped";
import styles from "./Regroup.module.css";

const FOUND_MAX = 20;
/** A merge of more messages than this can't be undone by splitting them off again. */
const UNDO_MESSAGES_MAX = 100;

export function MergeDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const q = typed.trim();
  const ofContact = useContactConversations(conversation.contactId);
  const found = useQuery({
    queryKey: ["conversations-found", q],
    queryFn: ({ signal }) => conversations.list({ q, take: FOUND_MAX }, signal),
    enabled: q !== "",
    placeholderData: (before) => before,
  });
  const regrouped = useRegrouped();
  const source = q === "" ? ofContact : found;
  const others = (source.data?.items ?? []).filter((each) => each.id !== conversation.id);

  const merge = async (other: Conversation) => {
    onClose();
    try {
      const moved = other.messageCount <= UNDO_MESSAGES_MAX ? await conversations.messages(other.id, { take: UNDO_MESSAGES_MAX }) : null;
      await conversations.merge(conversation.id, [other.id]);
      regrouped([conversation.id, other.id]);
      const back = async (ids: string[]) => {
        try {
          await conversations.split(conversation.id, ids);
          regrouped([conversation.id]);
        } catch (error) {
          toastProblem(m.regroup.failed, error);
        }
      };
      const ids = moved && moved.cursor === "" ? moved.items.map((item) => item.id) : null;
      const action = ids ? { label: m.undo, run: () => void back(ids) } : undefined;
      toast(m.regroup.mergeDone(other.subject || m.list.noSubject), { action });
    } catch (error) {
      toastProblem(m.regroup.mergeFailed, error);
    }
  };

  return (
    <Dialog title={m.regroup.mergeTitle} onClose={onClose}>
      <p className={styles.explained}>{m.regroup.mergeText}</p>
      <TextField label={m.regroup.find} value={typed} data-autofocus onChange={(event) => setTyped(event.target.value)} />
      {source.isError && <ProblemNotice title={m.list.failed} problem={asProblem(source.error)} onRetry={() => void source.refetch()} />}
      {source.isLoading && <Skeleton width="80%" />}
      {source.isSuccess && others.length === 0 && (
        <EmptyState icon="search" title={m.list.emptySearch} text={q ? m.list.emptySearchText(q) : m.contact.noOthers} />
      )}
      <ul className={styles.choices} aria-label={m.list.label}>
        {others.map((other) => (
          <li key={other.id}>
            <Choice conversation={other} onPick={() => void merge(other)} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Choice({ conversation, onPick }: { conversation: Conversation; onPick: () => void }) {
  const now = useNow();
  const from = conversation.contact?.name ?? conversation.contact?.address;
  return (
    <button type="button" className={styles.choice} onClick={onPick}>
      <strong dir="auto">{conversation.subject || m.list.noSubject}</strong>
      <time dateTime={conversation.lastActivityAt}>{shortTime(conversation.lastActivityAt, now)}</time>
      <span dir="auto">{[from, conversation.preview].filter(Boolean).join(" · ")}</span>
    </button>
  );
}
