/** Writing into a conversation: an answer by mail, or a note for the team. What is typed is a draft at once. */

import { useMutation, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { conversations, type ReplyInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, Problem } from "../api/problem";
import type { Conversation, Message, Page } from "../api/types";
import { useChannels, usePatchConversation } from "../conversations/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { modifierName, useCommands } from "../keyboard/dispatcher";
import { Button, classNames, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { encodeFiles, UnreadableFile } from "./attachments";
import styles from "./Composer.module.css";
import { isEmptyDraft, type Draft } from "./drafts";
import { AttachButton, FileChips, useDropZone, useFiles } from "./Files";
import { LazyEditor, preloadEditor } from "./LazyEditor";
import { RecipientField } from "./RecipientField";
import { replyRecipients } from "./recipients";
import { SendButton } from "./SendButton";
import { useDraft } from "./useDraft";
import { useIdempotencyKey } from "./useIdempotencyKey";

type Props = { conversation: Conversation; messages: Message[] };

type SendOptions = { scheduledAt?: Date; resolve?: boolean };

export function Composer({ conversation, messages }: Props) {
  const state = useDraft(conversation.id);
  const { draft, update } = state;
  const [open, setOpen] = useState(() => !isEmptyDraft(draft));
  const [focusWish, setFocusWish] = useState(0);

  const begin = (mode: Draft["mode"]) => {
    update({ mode });
    setOpen(true);
    setFocusWish((wish) => wish + 1);
  };
  useCommands({ reply: () => begin("reply"), note: () => begin("note") });
  useEffect(() => preloadEditor(), []);

  if (!open) {
    return (
      <div className={styles.closed}>
        <Button icon="reply" title={`${m.composer.reply} (r)`} onClick={() => begin("reply")}>
          {m.composer.open}
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
      state={state}
      focusWish={focusWish}
      onMode={begin}
      onClose={() => setOpen(false)}
    />
  );
}

type OpenProps = Props & {
  state: ReturnType<typeof useDraft>;
  focusWish: number;
  onMode: (mode: Draft["mode"]) => void;
  onClose: () => void;
};

function OpenComposer({ conversation, messages, state, focusWish, onMode, onClose }: OpenProps) {
  const { draft, update, discard, revision } = state;
  const box = useRef<HTMLFormElement>(null);
  const onNames = useCallback((files: string[]) => update({ files }), [update]);
  const files = useFiles(conversation.id, onNames);
  const [lost] = useState(() => (files.files.length === 0 ? draft.files : []));
  const drop = useDropZone(files.add);
  const suggested = useSuggestion(conversation, messages);
  const to = draft.to ?? suggested.to;
  const cc = draft.cc ?? suggested.cc;
  const note = draft.mode === "note";
  const [pendingTo, setPendingTo] = useState("");

  const finish = () => {
    discard();
    files.set([]);
    onClose();
  };
  const sending = useSending(conversation, finish);
  const submit = (options: SendOptions = {}) => {
    if (sending.isPending) return;
    const complaint = note
      ? draft.note.trim() === "" && m.composer.empty
      : (pendingTo.trim() !== "" && m.composer.notAnAddress(pendingTo.trim())) ||
        (to.length === 0 && m.composer.noRecipient) ||
        (draft.text.trim() === "" && files.files.length === 0 && m.composer.empty);
    sending.mutate({ draft, to, cc, files: files.files, complaint: complaint || null, ...options });
  };

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
        kept={draft.savedAt > 0 || !isEmptyDraft(draft)}
        onMode={onMode}
        onClose={() => (isEmptyDraft(draft) ? finish() : onClose())}
        onDiscard={isEmptyDraft(draft) ? undefined : finish}
      />
      {sending.error && (
        <div className={styles.notice}>
          <ProblemNotice title={m.composer.failed} problem={asProblem(sending.error)} />
        </div>
      )}
      {note ? (
        <div className={styles.noteWrap}>
          <textarea
            className={styles.noteInput}
            aria-label={m.composer.note}
            placeholder={m.composer.notePlaceholder}
            value={draft.note}
            onChange={(event) => update({ note: event.target.value })}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
        </div>
      ) : (
        <>
          <Recipients draft={draft} to={to} cc={cc} update={update} onPendingTo={setPendingTo} />
          <LazyEditor
            key={revision}
            initialHtml={draft.html}
            placeholder={m.composer.bodyPlaceholder}
            autoFocus={focusWish > 0}
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
        <SendButton note={note} busy={sending.isPending} onSend={submit} />
        {!note && <AttachButton onFiles={files.add} />}
        <span className={styles.grow} />
        <span className={styles.kept}>{`${modifierName} Enter`}</span>
      </div>
    </form>
  );
}

function useSuggestion(conversation: Conversation, messages: Message[]) {
  const channel = useChannels().data?.find((each) => each.id === conversation.channelId);
  return useMemo(() => {
    const own = channel ? [channel.inboundAddress, channel.emailAddress ?? "", ...channel.aliases] : [];
    return replyRecipients(messages, own);
  }, [channel, messages]);
}

type Sending = SendOptions & { draft: Draft; to: string[]; cc: string[]; files: File[]; complaint: string | null };

async function inputOf({ draft, to, cc, files, scheduledAt }: Sending): Promise<ReplyInput> {
  if (draft.mode === "note") return { text: draft.note.trim(), private: true };
  const attachments = await encodeFiles(files).catch((error: unknown) => {
    if (error instanceof UnreadableFile) throw new Problem(422, { detail: m.composer.readFailed(error.filename) });
    throw error;
  });
  return {
    text: draft.text,
    html: draft.html || undefined,
    to,
    cc: cc.length ? cc : undefined,
    bcc: draft.bcc.length ? draft.bcc : undefined,
    attachments: attachments.length ? attachments : undefined,
    scheduledAt: scheduledAt?.toISOString(),
  };
}

function useSending(conversation: Conversation, onSent: () => void) {
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const patch = usePatchConversation();
  return useMutation({
    mutationFn: async (sending: Sending) => {
      if (sending.complaint) throw new Problem(422, { detail: sending.complaint });
      const input = await inputOf(sending);
      return conversations.reply(conversation.id, input, idempotencyKey(input));
    },
    onSuccess: (message, { draft, resolve, scheduledAt }) => {
      client.setQueryData<InfiniteData<Page<Message>>>(keys.messages(conversation.id), (data) => addNewest(data, message));
      void client.invalidateQueries({ queryKey: keys.messages(conversation.id) });
      void client.invalidateQueries({ queryKey: keys.outbox });
      if (resolve) patch.mutate({ conversation, patch: { status: "resolved" } });
      if (draft.mode === "note") toast(m.composer.noteAdded);
      else toast(scheduledAt ? m.composer.scheduled(longTime(scheduledAt.toISOString())) : m.composer.sent);
      onSent();
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
  kept: boolean;
  onMode: (mode: Draft["mode"]) => void;
  onClose: () => void;
  onDiscard: (() => void) | undefined;
};

function Top({ mode, kept, onMode, onClose, onDiscard }: TopProps) {
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
      {kept && onDiscard && <span className={styles.kept}>{m.composer.draftKept}</span>}
      {onDiscard && <IconButton small icon="trash" label={m.composer.discard} onClick={onDiscard} />}
      <IconButton small icon="down" label={m.close} onClick={onClose} />
    </div>
  );
}

type RecipientsProps = {
  draft: Draft;
  to: string[];
  cc: string[];
  update: (change: Partial<Draft>) => void;
  onPendingTo: (text: string) => void;
  autoFocus?: boolean;
};

export function Recipients({ draft, to, cc, update, onPendingTo, autoFocus }: RecipientsProps) {
  const [shown, setShown] = useState<{ cc: boolean; bcc: boolean }>({ cc: false, bcc: false });
  const ccShown = shown.cc || cc.length > 0;
  const bccShown = shown.bcc || draft.bcc.length > 0;
  return (
    <div className={styles.fields}>
      <div className={styles.toRow}>
        <RecipientField
          label={m.composer.replyTo}
          value={to}
          autoFocus={autoFocus}
          onChange={(value) => update({ to: value })}
          onPending={onPendingTo}
        />
        {!ccShown && (
          <Button small variant="ghost" onClick={() => setShown({ ...shown, cc: true })}>
            {m.composer.addCc}
          </Button>
        )}
        {!bccShown && (
          <Button small variant="ghost" onClick={() => setShown({ ...shown, bcc: true })}>
            {m.composer.addBcc}
          </Button>
        )}
      </div>
      {ccShown && (
        <RecipientField label={m.message.cc} value={cc} autoFocus={shown.cc} onChange={(value) => update({ cc: value })} />
      )}
      {bccShown && (
        <RecipientField
          label={m.message.bcc}
          value={draft.bcc}
          autoFocus={shown.bcc}
          onChange={(value) => update({ bcc: value })}
        />
      )}
    </div>
  );
}
