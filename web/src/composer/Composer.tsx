/** Writing into a conversation: an answer by mail, or a note for the team. What is typed is a draft at once. */

import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { conversations, type ReplyInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, Problem } from "../api/problem";
import type { Conversation, Message, Page } from "../api/types";
import { useChannels, usePatchConversation, useUseCase } from "../conversations/queries";
import { m } from "../i18n";
import { modifierName, useCommands } from "../keyboard/dispatcher";
import { undoSeconds } from "../settings/undo";
import { Button, classNames, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import styles from "./Composer.module.css";
import { heldFiles } from "./attachments";
import { isEmptyDraft, loadDraft, saveDraft, withoutBody, type Draft } from "./drafts";
import { AttachButton, FileChips, useDropZone, useFiles } from "./Files";
import { LazyEditor, preloadEditor } from "./LazyEditor";
import { NoteField } from "./NoteField";
import { Recipients } from "./Recipients";
import { replyRecipients, type RecipientLists } from "./recipients";
import { SendButton } from "./SendButton";
import { useDraft, useDraftKey } from "./useDraft";
import { useRecipients } from "./useRecipients";
import { offerOf, offerUndo } from "./undo";
import { attachmentsOf, useSending } from "./useSending";

type Props = { conversation: Conversation; messages: Message[] };

type SendOptions = { scheduledAt?: Date; resolve?: boolean };

export function Composer({ conversation, messages }: Props) {
  const draftKey = useDraftKey(conversation.id);
  const state = useDraft(draftKey);
  const { draft, update, revision } = state;
  const [open, setOpen] = useState(() => !isEmptyDraft(draft));
  const [focusWish, setFocusWish] = useState(0);

  const begin = (mode: Draft["mode"]) => {
    update({ mode });
    setOpen(true);
    setFocusWish((wish) => wish + 1);
  };
  // Sent, discarded or brought back, here or from where it was written before.
  const empty = isEmptyDraft(draft);
  useEffect(() => {
    if (revision > 0) setOpen(!empty);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- when the draft was replaced, not when somebody types
  }, [revision]);
  useCommands({ reply: () => begin("reply"), note: () => begin("note") });
  useEffect(() => preloadEditor(), []);

  if (!open) {
    return (
      <div className={styles.closed}>
        <Button icon="reply" title={`${m.composer.reply} (r)`} onClick={() => begin(empty ? "reply" : draft.mode)}>
          {empty ? m.composer.open : m.composer.openDraft}
        </Button>
        <Button icon="note" title={`${m.composer.note} (n)`} onClick={() => begin("note")}>
          {m.composer.openNote}
        </Button>
      </div>
    );
  }
  return (
    <OpenComposer
      conversation={conversation}
      messages={messages}
      draftKey={draftKey}
      state={state}
      focusWish={focusWish}
      onMode={begin}
      onClose={() => setOpen(false)}
    />
  );
}

type OpenProps = Props & {
  draftKey: string;
  state: ReturnType<typeof useDraft>;
  focusWish: number;
  onMode: (mode: Draft["mode"]) => void;
  onClose: () => void;
};

function OpenComposer({ conversation, messages, draftKey, state, focusWish, onMode, onClose }: OpenProps) {
  const { draft, update, replace, revision } = state;
  const box = useRef<HTMLFormElement>(null);
  const onNames = useCallback((files: string[]) => update({ files }), [update]);
  const files = useFiles(draftKey, onNames);
  const [lost] = useState(() => (files.files.length === 0 ? draft.files : []));
  const drop = useDropZone(files.add);
  const recipients = useRecipients(draft, update, useSuggestion(conversation, messages));
  const note = draft.mode === "note";

  const clear = (mode: Draft["mode"]) => {
    if (mode === "reply") files.set([]);
    replace((present) => withoutBody(present, mode));
  };
  const discard = () => {
    const before = { draft, files: files.files };
    clear(draft.mode);
    const run = () => {
      saveDraft(draftKey, before.draft, Date.now());
      heldFiles.set(draftKey, before.files);
    };
    toast(m.composer.discarded, { action: { label: m.undo, run } });
  };
  const sending = useReply(conversation, draftKey, clear);
  const submit = (options: SendOptions = {}) =>
    sending.send({ draft, recipients: recipients.settle, files: files.files, ...options });

  // Asked for by key or button: where one writes gets the focus. The editor focuses itself when it has just been loaded.
  useEffect(() => {
    if (focusWish === 0) return;
    box.current?.querySelector<HTMLElement>("textarea, [contenteditable=true]")?.focus();
  }, [focusWish, note]);

  return (
    <form
      ref={box}
      className={classNames(styles.composer, note && styles.noteMode)}
      aria-label={note ? m.composer.note : m.composer.reply}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) {
          event.preventDefault();
          submit();
        }
      }}
      {...(note ? {} : drop.handlers)}
    >
      {drop.over && !note && <div className={styles.drop}>{m.composer.dropHere}</div>}
      <Top
        mode={draft.mode}
        onMode={(mode) => {
          sending.reset();
          onMode(mode);
        }}
        onClose={onClose}
        onDiscard={isEmptyDraft(draft) ? undefined : discard}
      />
      {sending.error && (
        <div className={styles.notice}>
          <ProblemNotice title={m.composer.failed} problem={asProblem(sending.error)} />
        </div>
      )}
      {note ? (
        <div className={styles.noteWrap}>
          <NoteField
            className={styles.noteInput}
            value={draft.note}
            readOnly={sending.busy}
            onChange={(text) => update({ note: text })}
          />
        </div>
      ) : (
        <>
          <Recipients recipients={recipients} />
          <LazyEditor
            key={revision}
            initialHtml={draft.html}
            placeholder={m.composer.bodyPlaceholder}
            autoFocus={focusWish > 0}
            readOnly={sending.busy}
            onChange={update}
            onSubmit={submit}
            onFiles={files.add}
          />
          {lost.length > 0 && files.files.length === 0 && (
            <p className={styles.lost}>{m.composer.lostAttachments(lost.join(", "))}</p>
          )}
          <FileChips files={files.files} onRemove={(file) => files.set(files.files.filter((each) => each !== file))} />
        </>
      )}
      <div className={styles.bottom}>
        <SendButton note={note} busy={sending.busy} onSend={submit} />
        {!note && <AttachButton onFiles={files.add} />}
        <span className={styles.grow} />
        <span className={styles.keys}>{`${modifierName} Enter`}</span>
      </div>
    </form>
  );
}

function useSuggestion(conversation: Conversation, messages: Message[]) {
  const channel = useChannels().data?.find((each) => each.id === conversation.channelId);
  const sender = useUseCase(conversation.useCaseId).data?.senderAddress;
  return useMemo(() => {
    const own = channel ? [channel.inboundAddress, channel.emailAddress ?? "", ...channel.aliases] : [];
    return replyRecipients(messages, sender ? [...own, sender] : own);
  }, [channel, sender, messages]);
}

type Order = SendOptions & { draft: Draft; recipients: () => RecipientLists; files: File[] };

async function bodyOf({ draft, recipients, files, scheduledAt }: Order): Promise<ReplyInput> {
  const missing = new Problem(422, { detail: m.composer.empty });
  if (draft.mode === "note") {
    if (draft.note.trim() === "") throw missing;
    return { text: draft.note.trim(), private: true };
  }
  const { to, cc, bcc } = recipients();
  if (draft.text.trim() === "" && files.length === 0) throw missing;
  return {
    text: draft.text,
    html: draft.html || undefined,
    to,
    cc: cc.length ? cc : undefined,
    bcc: bcc.length ? bcc : undefined,
    attachments: await attachmentsOf(files),
    scheduledAt: scheduledAt?.toISOString(),
    // What is sent later can be cancelled until then.
    undoSeconds: scheduledAt ? undefined : undoSeconds() || undefined,
  };
}

function useReply(conversation: Conversation, draftKey: string, onSent: (mode: Draft["mode"]) => void) {
  const client = useQueryClient();
  const patch = usePatchConversation();
  const [, navigate] = useLocation();
  return useSending<Order, ReplyInput>({
    draftKey,
    bodyOf,
    post: (body, idempotencyKey) => conversations.reply(conversation.id, body, idempotencyKey),
    onSent: (message, { draft, files, resolve, scheduledAt }) => {
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
      offerUndo(client, { message, ...offerOf(scheduledAt), draftKey, draft: sent, files, onBack });
    },
  });
}

function addNewest(data: InfiniteData<Page<Message>> | undefined, message: Message) {
  const [first, ...rest] = data?.pages ?? [];
  if (!data || !first) return data;
  if (first.items.some((item) => item.id === message.id)) return data;
  return { ...data, pages: [{ ...first, items: [message, ...first.items] }, ...rest] };
}

type TopProps = {
  mode: Draft["mode"];
  onMode: (mode: Draft["mode"]) => void;
  onClose: () => void;
  onDiscard: (() => void) | undefined;
};

function Top({ mode, onMode, onClose, onDiscard }: TopProps) {
  return (
    <div className={styles.top}>
      <div className={styles.modes} role="group" aria-label={m.composer.modes}>
        <button type="button" aria-pressed={mode === "reply"} onClick={() => onMode("reply")}>
          <Icon name="reply" size={15} />
          {m.composer.reply}
        </button>
        <button type="button" aria-pressed={mode === "note"} onClick={() => onMode("note")}>
          <Icon name="note" size={15} />
          {m.composer.note}
        </button>
      </div>
      <span className={styles.grow} />
      {onDiscard && <span className={styles.kept}>{m.composer.draftKept}</span>}
      {onDiscard && <IconButton small icon="trash" label={m.composer.discard} onClick={onDiscard} />}
      <IconButton small icon="down" label={m.close} onClick={onClose} />
    </div>
  );
}
