/** Writing into a conversation: an answer by mail, a message to hand on, or a note for the team. What is typed is a draft at once. */

import { useEffect, useMemo, useRef, useState } from "react";
import { asProblem } from "../api/problem";
import type { Channel, Conversation, Message } from "../api/types";
import { authorOf } from "../conversations/MessageItem";
import { useChannels, useUseCase, useUsers } from "../conversations/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { keyName, useCommands } from "../keyboard/dispatcher";
import { useTypingHere } from "../presence/usePresence";
import { useSession } from "../session/useSession";
import { Button, classNames, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import styles from "./Composer.module.css";
import { isEmptyDraft, saveDraft, withoutBody, type Draft } from "./drafts";
import { AttachButton, FileChips, useDropZone, useFiles } from "./Files";
import { forward, onForward } from "./forwarding";
import { LazyEditor, preloadEditor } from "./LazyEditor";
import { NoteField } from "./NoteField";
import { Recipients, type Sender } from "./Recipients";
import { replyRecipients } from "./recipients";
import { SendButton } from "./SendButton";
import { signatureOf } from "./signature";
import { SignatureBelow } from "./SignatureBelow";
import { addressesOf, senderOf } from "./senders";
import { useDraft, useDraftKey } from "./useDraft";
import { useDraftConflict } from "./useDraftSync";
import { useNewerMail, type NewerMail } from "./useNewerMail";
import { useRecipients } from "./useRecipients";
import { useReply, type SendOptions } from "./useReply";

type Props = { conversation: Conversation; messages: Message[] };

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
  const newest = messages.findLast((message) => !message.private && message.content.type !== "note");
  useCommands({
    reply: () => begin("reply"),
    note: () => begin("note"),
    forward: () => (newest ? forward(newest) : false),
  });
  useEffect(
    () =>
      onForward((message) => {
        if (message.conversationId !== conversation.id) return;
        update({ mode: "forward", forwardedMessageId: message.id, to: [], cc: [] });
        setOpen(true);
        setFocusWish((wish) => wish + 1);
      }),
    [conversation.id, update],
  );
  useEffect(() => preloadEditor(), []);
  // Where one wrote is gone, and the focus with it.
  const closed = useRef<HTMLDivElement>(null);
  const wasOpen = useRef(open);
  useEffect(() => {
    if (wasOpen.current && !open && document.activeElement === document.body) closed.current?.querySelector("button")?.focus();
    wasOpen.current = open;
  }, [open]);

  if (!open) {
    return (
      <div ref={closed} className={styles.closed} data-composer>
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
  const files = useFiles(draftKey);
  const drop = useDropZone((dropped) => void files.add(dropped));
  const suggestion = useSuggestion(conversation, messages);
  const recipients = useRecipients(draft, update, draft.mode === "forward" ? undefined : suggestion);
  const sender = useSender(conversation, messages, draft);
  const { user } = useSession();
  const signature = signatureOf(sender.channel, user);
  const [signed, setSigned] = useState(true);
  const note = draft.mode === "note";
  const forwarding = draft.mode === "forward";
  const newerMail = useNewerMail(messages, !isEmptyDraft(draft), user.id);
  useTypingHere(conversation.id, draft.text + draft.note);

  const clear = (mode: Draft["mode"]) => {
    replace((present) => withoutBody(present, mode));
    setSigned(true);
  };
  const discard = () => {
    const before = draft;
    clear(draft.mode);
    toast(m.composer.discarded, { action: { label: m.undo, run: () => saveDraft(draftKey, before, Date.now()) } });
  };
  const sending = useReply(conversation, draftKey, clear);
  const submit = (options: SendOptions = {}, seen = newerMail.seen) =>
    sending.send({ draft, recipients: recipients.settle, from: sender.from, signature: signed, seen, ...options });
  const outdated = sending.error !== null && asProblem(sending.error).status === 409 && newerMail.newer !== undefined;

  // Asked for by key or button: where one writes gets the focus. The editor focuses itself when it has just been loaded.
  useEffect(() => {
    if (focusWish === 0) return;
    // What is forwarded needs somebody to go to before it needs words.
    const wanted = forwarding ? "input:not([type=file])" : "textarea, [contenteditable=true]";
    box.current?.querySelector<HTMLElement>(wanted)?.focus();
  }, [focusWish, note, forwarding]);

  return (
    <form
      ref={box}
      className={classNames(styles.composer, note && styles.noteMode)}
      data-composer
      aria-label={m.composer.modeNames[draft.mode]}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) {
          event.preventDefault();
          submit({ resolve: event.shiftKey && !note });
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
      <ConflictNotice place={conversation.id} />
      {!note && (
        <NewerNotice
          newerMail={newerMail}
          onSend={outdated ? () => {
            newerMail.acknowledge();
            sending.reset();
            submit({}, newerMail.newer?.id);
          } : undefined}
        />
      )}
      {sending.error && !outdated && (
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
          <Recipients recipients={recipients} sender={sender} onSender={(from) => update({ from })} />
          {forwarding && <Forwarded messages={messages} id={draft.forwardedMessageId} />}
          <LazyEditor
            key={revision}
            initialHtml={draft.html}
            placeholder={forwarding ? m.composer.forwardPlaceholder : m.composer.bodyPlaceholder}
            autoFocus={focusWish > 0 && !forwarding}
            readOnly={sending.busy}
            about={conversation}
            onChange={update}
            onSubmit={submit}
            onFiles={(added, contentId) => files.add(added, contentId)}
          />
          <SignatureBelow text={signature} wanted={signed} onWanted={setSigned} />
          <FileChips
            files={draft.files}
            pending={files.pending}
            onRemove={(file) => update({ files: draft.files.filter((each) => each !== file) })}
            onRetry={(pending) => {
              pending.cancel();
              void files.add([pending.file]);
            }}
          />
        </>
      )}
      <div className={styles.bottom}>
        <SendButton note={note} busy={sending.busy} onSend={submit} />
        {!note && <AttachButton onFiles={(chosen) => void files.add(chosen)} />}
        <span className={styles.grow} />
        <span className={styles.keys}>{`${keyName("Ctrl")} ${keyName("Enter")}`}</span>
      </div>
    </form>
  );
}

/** The draft was changed on another device as well: whoever wrote both says which one stays. */
export function ConflictNotice({ place }: { place: string }) {
  const conflict = useDraftConflict(place);
  if (!conflict) return null;
  return (
    <div className={styles.warning} role="alert">
      <span>{m.composer.conflict(longTime(conflict.at))}</span>
      <Button small onClick={conflict.takeOther}>
        {m.composer.takeOther}
      </Button>
      <Button small onClick={conflict.keepMine}>
        {m.composer.keepMine}
      </Button>
    </div>
  );
}

/** Somebody wrote meanwhile: two answers to one question are worse than a moment's delay. */
function NewerNotice({ newerMail, onSend }: { newerMail: NewerMail; onSend: (() => void) | undefined }) {
  const users = useUsers().data ?? [];
  const { newer, acknowledge } = newerMail;
  if (!newer) return null;
  const { name } = authorOf(newer, users);
  return (
    <div className={styles.warning} role="alert">
      <span>{newer.direction === "outbound" ? m.composer.answeredMeanwhile(name) : m.composer.wroteMeanwhile(name)}</span>
      {onSend ? (
        <Button small variant="danger" onClick={onSend}>
          {m.composer.sendAnyway}
        </Button>
      ) : (
        <Button small onClick={acknowledge}>
          {m.composer.haveRead}
        </Button>
      )}
    </div>
  );
}

function Forwarded({ messages, id }: { messages: Message[]; id: string | null }) {
  const users = useUsers().data ?? [];
  const message = messages.find((each) => each.id === id);
  if (!message) return null;
  const files = message.content.type === "email" ? message.content.email.attachments.length : 0;
  return (
    <p className={styles.forwarded}>
      <Icon name="forward" size={14} />
      {m.composer.forwards(authorOf(message, users).name, longTime(message.timestamp), files)}
    </p>
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

/** The channel that writes, and of its addresses the one that is written from. A use case has one alone, and no signature. */
function useSender(conversation: Conversation, messages: Message[], draft: Draft): Sender & { channel: Channel | undefined } {
  const found = useChannels().data?.find((each) => each.id === conversation.channelId);
  const channel = conversation.useCaseId ? undefined : found;
  const addresses = channel ? addressesOf(channel) : [];
  const address = senderOf(addresses, draft.from, messages);
  return { channel, addresses, address, from: address === addresses[0] ? undefined : address };
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
        <button type="button" aria-pressed={mode !== "note"} onClick={() => mode === "note" && onMode("reply")}>
          <Icon name={mode === "forward" ? "forward" : "reply"} size={15} />
          {mode === "forward" ? m.composer.forward : m.composer.reply}
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
