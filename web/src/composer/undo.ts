/** What was sent waits a moment, and is taken back at a click: into its draft, with everything that was in it. Never sends. */

import type { QueryClient } from "@tanstack/react-query";
import { messages } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Message } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { undoSeconds } from "../settings/undo";
import { toast, toastProblem } from "../ui/toast";
import { isEmptyDraft, loadDraft, saveDraft, type Draft } from "./drafts";

/** The offer ends a little before the server's time does: a click at the last moment has a way to go. */
const WAY_TO_SERVER_MS = 500;

/** The draft that was sent, and behind its words what was begun since. */
export function broughtBack(sent: Draft, present: Draft): Draft {
  const note = present.note;
  const { version, pushed } = present;
  if (isEmptyDraft({ ...present, note: "" })) return { ...sent, note, version, pushed };
  const joined = (before: string, after: string, between: string) => (before && after ? `${before}${between}${after}` : before || after);
  return {
    ...sent,
    note,
    version,
    pushed,
    html: joined(sent.html, present.html, ""),
    text: joined(sent.text, present.text, "\n\n"),
    subject: sent.subject || present.subject,
    files: [...sent.files, ...present.files],
  };
}

/** What is said about it, and for how long it can be taken back. Nothing to take back: it is said alone. */
export function offerOf(scheduledAt: Date | undefined): { said: string; seconds: number | undefined } {
  if (scheduledAt) return { said: m.composer.scheduled(longTime(scheduledAt.toISOString())), seconds: undefined };
  return { said: m.composer.sent, seconds: undoSeconds() };
}

type Sent = {
  message: Message;
  said: string;
  /** For which it can be taken back; `undefined`: for as long as it is said, 0: not at all. */
  seconds: number | undefined;
  draftKey: string;
  draft: Draft;
  /** The draft is there again: show it. */
  onBack: () => void;
};

export function offerUndo(client: QueryClient, { message, said, seconds, draftKey, draft, onBack }: Sent): void {
  if (seconds === 0) {
    toast(said);
    return;
  }
  const takeBack = async () => {
    try {
      await messages.cancel(message.id);
    } catch (error) {
      toastProblem(m.composer.tooLate, error);
      return;
    } finally {
      for (const key of [keys.messages(message.conversationId), keys.messageLogs, keys.outbox, keys.conversationLists]) {
        void client.invalidateQueries({ queryKey: key });
      }
    }
    saveDraft(draftKey, broughtBack(draft, loadDraft(draftKey)), Date.now());
    toast(m.composer.takenBack);
    onBack();
  };
  toast(said, {
    action: { label: m.undo, run: () => void takeBack() },
    shownMs: seconds === undefined ? undefined : seconds * 1_000 - WAY_TO_SERVER_MS,
    countdown: seconds !== undefined,
  });
}
