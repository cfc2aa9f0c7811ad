/** Changes many conversations at once, on screen first, and undoes exactly what was changed. */

import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { conversations, type BulkPatch } from "../api/endpoints";
import { keys } from "../api/keys";
import type { BulkAnswer, Conversation } from "../api/types";
import { m } from "../i18n";
import { storeConversations } from "../live/apply";
import { useSession } from "../session/useSession";
import { dismiss, toast, toastProblem } from "../ui/toast";

/** Conversations of one request. */
const AT_ONCE = 100;

type Change = { id: string; change: BulkPatch };

/** The conversation as it will be. */
export function changed(conversation: Conversation, change: BulkPatch): Conversation {
  const { labelsAdd = [], labelsRemove = [], ...rest } = change;
  const labels = [...new Set([...conversation.labels.filter((label) => !labelsRemove.includes(label)), ...labelsAdd])].toSorted();
  const after = { ...conversation, labels, ...rest };
  if (after.status !== "snoozed") after.snoozedUntil = null;
  return after;
}

/** What would wake before it could be put to sleep again is awake. */
function undoOf(undo: BulkPatch, now: Date): BulkPatch {
  if (!undo.snoozedUntil || new Date(undo.snoozedUntil) > now) return undo;
  return { ...undo, status: "open", snoozedUntil: undefined };
}

/** What was done until something went wrong, and what did. */
async function inPieces(changes: Change[]): Promise<BulkAnswer & { error?: unknown }> {
  const whole: BulkAnswer = { changed: [], failed: [] };
  for (let at = 0; at < changes.length; at += AT_ONCE) {
    try {
      const piece = await conversations.bulk(changes.slice(at, at + AT_ONCE));
      whole.changed.push(...piece.changed);
      whole.failed.push(...piece.failed);
    } catch (error) {
      return { ...whole, error };
    }
  }
  return whole;
}

export function useBulk() {
  const client = useQueryClient();
  const { user } = useSession();

  const settle = useCallback(
    (answer: BulkAnswer, before: Map<string, Conversation>) => {
      const failed = answer.failed.map((each) => before.get(each.id)).filter((each) => each !== undefined);
      storeConversations(client, [...answer.changed.map((each) => each.conversation), ...failed], user.id);
      void client.invalidateQueries({ queryKey: keys.counts });
      void client.invalidateQueries({ queryKey: keys.labels });
      const [first] = answer.failed;
      if (first) toast(m.bulk.some(answer.failed.length, first.detail), { tone: "danger" });
    },
    [client, user.id],
  );

  const undo = useCallback(
    async (answer: BulkAnswer) => {
      const now = new Date();
      const changes = answer.changed.map((each) => ({ id: each.id, change: undoOf(each.undo as BulkPatch, now) }));
      // What others changed meanwhile stays as they left it: only what this undoes is put back on screen.
      storeConversations(client, answer.changed.map((each) => each.before), user.id);
      const undone = await inPieces(changes);
      settle(undone, new Map());
      if (undone.error !== undefined) {
        void client.invalidateQueries({ queryKey: keys.conversationLists });
        toastProblem(m.bulk.undoFailed, undone.error);
        return;
      }
      toast(m.bulk.undone(undone.changed.length));
    },
    [client, settle, user.id],
  );

  return useCallback(
    async (targets: Conversation[], change: BulkPatch, said: (n: number) => string): Promise<void> => {
      if (targets.length === 0) return;
      const before = new Map(targets.map((each) => [each.id, each]));
      storeConversations(client, targets.map((each) => changed(each, change)), user.id);
      // Large ones take their time: it is said, and what was done is said when it is.
      const working = targets.length > AT_ONCE ? toast(m.bulk.working(targets.length), { shownMs: 60_000 }) : null;
      const answer = await inPieces(targets.map(({ id }) => ({ id, change })));
      if (working !== null) dismiss(working);
      settle(answer, before);
      if (answer.error !== undefined) {
        const done = new Set(answer.changed.map((each) => each.id));
        storeConversations(client, targets.filter((each) => !done.has(each.id)), user.id);
        toastProblem(m.bulk.failed, answer.error);
      }
      if (answer.changed.length > 0) {
        toast(said(answer.changed.length), { action: { label: m.undo, run: () => void undo(answer) }, shownMs: 10_000 });
      }
    },
    [client, settle, undo, user.id],
  );
}
