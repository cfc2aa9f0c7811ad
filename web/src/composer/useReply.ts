/** Sends what a conversation's draft holds: an answer, a note, or a message that is forwarded. */

import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { conversations, type ReplyInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { Problem } from "../api/problem";
import type { Conversation, DraftFile, Message, Page } from "../api/types";
import { usePatchConversation } from "../conversations/queries";
import { m } from "../i18n";
import { undoSeconds } from "../settings/undo";
import { toast } from "../ui/toast";
import { attachmentsOf } from "./attachments";
import { loadDraft, type Draft } from "./drafts";
import { withContentIds } from "./inlineImages";
import type { RecipientLists } from "./recipients";
import { offerOf, offerUndo } from "./undo";
import { useSending } from "./useSending";

export type SendOptions = { scheduledAt?: Date; resolve?: boolean };

export type Order = SendOptions & {
  draft: Draft;
  recipients: () => RecipientLists;
  /** Where it is not the channel's usual one. */
  from: string | undefined;
  /** False: the channel's stays out. */
  signature: boolean;
  /** The newest message its author has seen. */
  seen: string | undefined;
};

function bodyOf({ draft, recipients, from, signature, scheduledAt, seen }: Order, kept: DraftFile[]): ReplyInput {
  const missing = new Problem(422, { detail: m.composer.empty });
  if (draft.mode === "note") {
    if (draft.note.trim() === "") throw missing;
    return { text: draft.note.trim(), private: true };
  }
  const { to, cc, bcc } = recipients();
  const forwarded = draft.mode === "forward" ? draft.forwardedMessageId : null;
  if (draft.text.trim() === "" && kept.length === 0 && !forwarded) throw missing;
  const { html, files } = withContentIds(draft.html, kept);
  return {
    text: draft.text,
    html: html || undefined,
    from,
    signature: signature ? undefined : false,
    to,
    cc: cc.length ? cc : undefined,
    bcc: bcc.length ? bcc : undefined,
    attachments: attachmentsOf(files),
    scheduledAt: scheduledAt?.toISOString(),
    // What is sent later can be cancelled until then.
    undoSeconds: scheduledAt ? undefined : undoSeconds() || undefined,
    lastSeenMessageId: forwarded ? undefined : seen,
    forward: forwarded ? { messageId: forwarded, attachments: true } : undefined,
  };
}

export function useReply(conversation: Conversation, draftKey: string, onSent: (mode: Draft["mode"]) => void) {
  const client = useQueryClient();
  const patch = usePatchConversation();
  const [, navigate] = useLocation();
  return useSending<Order, ReplyInput>({
    draftKey,
    bodyOf,
    post: (body, idempotencyKey) => conversations.reply(conversation.id, body, idempotencyKey),
    onSent: (message, { draft, resolve, scheduledAt }) => {
      client.setQueryData<InfiniteData<Page<Message>>>(keys.messages(conversation.id), (data) => addNewest(data, message));
      void client.invalidateQueries({ queryKey: keys.messages(conversation.id) });
      void client.invalidateQueries({ queryKey: keys.outbox });
      if (resolve) patch.mutate({ conversation, patch: { status: "resolved" } });
      // As it was when it was sent: what was typed beside the lists is in them by now.
      const sent = loadDraft(draftKey);
      onSent(draft.mode);
      if (draft.mode === "note") {
        toast(m.composer.noteAdded);
        return;
      }
      const onBack = () => {
        if (resolve) patch.mutate({ conversation, patch: { status: conversation.status } });
        navigate(`/conversations/${conversation.id}`);
      };
      offerUndo(client, { message, ...offerOf(scheduledAt), draftKey, draft: sent, onBack });
    },
  });
}

function addNewest(data: InfiniteData<Page<Message>> | undefined, message: Message) {
  const [first, ...rest] = data?.pages ?? [];
  if (!data || !first) return data;
  if (first.items.some((item) => item.id === message.id)) return data;
  return { ...data, pages: [{ ...first, items: [message, ...first.items] }, ...rest] };
}
