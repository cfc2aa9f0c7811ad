/** A message that begins a conversation: from a channel, to anybody. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { messages, type NewMessageInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, Problem } from "../api/problem";
import type { DraftFile } from "../api/types";
import { useChannels } from "../conversations/queries";
import { m } from "../i18n";
import { run } from "../keyboard/dispatcher";
import { useSession } from "../session/useSession";
import { undoSeconds } from "../settings/undo";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { SelectField, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { attachmentsOf } from "./attachments";
import { ConflictNotice } from "./Composer";
import styles from "./Composer.module.css";
import { EMPTY_DRAFT, isEmptyDraft, loadDraft, saveDraft, type Draft } from "./drafts";
import { AttachButton, FileChips, useDropZone, useFiles } from "./Files";
import { withContentIds } from "./inlineImages";
import { LazyEditor } from "./LazyEditor";
import { Recipients } from "./Recipients";
import type { RecipientLists } from "./recipients";
import { SendButton } from "./SendButton";
import { signatureOf } from "./signature";
import { SignatureBelow } from "./SignatureBelow";
import { addressesOf, senderOf } from "./senders";
import { useDraft, useDraftKey } from "./useDraft";
import { useRecipients } from "./useRecipients";
import { offerOf, offerUndo } from "./undo";
import { useSending } from "./useSending";

type Order = {
  draft: Draft;
  channelId: string;
  from: string | undefined;
  signature: boolean;
  recipients: () => RecipientLists;
  scheduledAt?: Date;
};

function bodyOf({ draft, channelId, from, signature, recipients, scheduledAt }: Order, kept: DraftFile[]): NewMessageInput {
  if (!channelId) throw new Problem(422, { detail: m.composer.noChannel });
  const { to, cc, bcc } = recipients();
  const { html, files } = withContentIds(draft.html, kept);
  if (!draft.text.trim() && files.length === 0) throw new Problem(422, { detail: m.composer.empty });
  const email = {
    subject: draft.subject.trim(),
    text: draft.text,
    html: html || undefined,
    cc: cc.length ? cc : undefined,
    bcc: bcc.length ? bcc : undefined,
    attachments: attachmentsOf(files),
  };
  return {
    channelId,
    from,
    signature: signature ? undefined : false,
    to,
    content: { type: "email", email },
    scheduledAt: scheduledAt?.toISOString(),
    // What is sent later can be cancelled until then.
    undoSeconds: scheduledAt ? undefined : undoSeconds() || undefined,
  };
}

export default function NewMessage({ onClose }: { onClose: () => void }) {
  const draftKey = useDraftKey("new");
  const { draft, update, replace, revision } = useDraft(draftKey);
  const files = useFiles(draftKey);
  const drop = useDropZone((dropped) => void files.add(dropped));
  const channels = useChannels().data ?? [];
  const channelId = draft.channelId ?? channels[0]?.id ?? "";
  const addresses = channels.filter((channel) => channel.id === channelId).flatMap(addressesOf);
  const address = senderOf(addresses, draft.from, []);
  const from = address === addresses[0] ? undefined : address;
  const recipients = useRecipients(draft, update);
  const { user } = useSession();
  const signature = signatureOf(channels.find((channel) => channel.id === channelId), user);
  const [signed, setSigned] = useState(true);
  const client = useQueryClient();
  const [, navigate] = useLocation();

  const finish = () => {
    replace(({ version, pushed }) => ({ ...EMPTY_DRAFT, version, pushed }));
    onClose();
  };
  const discard = () => {
    const before = draft;
    finish();
    const bringBack = () => {
      saveDraft(draftKey, before, Date.now());
      run("compose");
    };
    toast(m.composer.discarded, { action: { label: m.undo, run: bringBack } });
  };
  const sending = useSending<Order, NewMessageInput>({
    draftKey,
    bodyOf,
    post: messages.send,
    onSent: (message, { channelId: sentBy, scheduledAt }) => {
      void client.invalidateQueries({ queryKey: keys.conversationLists });
      void client.invalidateQueries({ queryKey: keys.outbox });
      const sent = { ...loadDraft(draftKey), channelId: sentBy };
      finish();
      offerUndo(client, { message, ...offerOf(scheduledAt), draftKey, draft: sent, onBack: () => run("compose") });
      if (message.conversationId) navigate(`/conversations/${message.conversationId}`);
    },
  });
  const submit = (options: { scheduledAt?: Date } = {}) =>
    sending.send({ draft, channelId, from, signature: signed, recipients: recipients.settle, ...options });

  return (
    <Dialog title={m.composer.newTitle} onClose={onClose} wide>
      <form
        className={styles.newForm}
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
        {...drop.handlers}
      >
        {drop.over && <div className={styles.drop}>{m.composer.dropHere}</div>}
        <ConflictNotice place="new" />
        {sending.error && <ProblemNotice title={m.composer.failed} problem={asProblem(sending.error)} />}
        <SelectField
          label={m.composer.from}
          value={`${channelId} ${address}`}
          onChange={(event) => {
            const [chosen = "", chosenAddress = ""] = event.target.value.split(" ");
            update({ channelId: chosen, from: chosenAddress });
          }}
        >
          {channels.flatMap((channel) =>
            addressesOf(channel).map((each) => (
              <option key={`${channel.id} ${each}`} value={`${channel.id} ${each}`}>
                {channel.name} · {each}
              </option>
            )),
          )}
        </SelectField>
        <Recipients recipients={recipients} autoFocus />
        <TextField
          label={m.composer.subject}
          value={draft.subject}
          onChange={(event) => update({ subject: event.target.value })}
        />
        <div className={styles.newBody}>
          <LazyEditor
            key={revision}
            initialHtml={draft.html}
            placeholder={m.composer.newPlaceholder}
            autoFocus={false}
            readOnly={sending.busy}
            onChange={update}
            onSubmit={() => submit()}
            about={null}
            onFiles={(added, contentId) => files.add(added, contentId)}
          />
        </div>
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
        <div className={styles.bottom}>
          <SendButton busy={sending.busy} canResolve={false} onSend={submit} />
          <AttachButton onFiles={(chosen) => void files.add(chosen)} />
          <span className={styles.grow} />
          {!isEmptyDraft(draft) && (
            <Button variant="ghost" icon="trash" onClick={discard}>
              {m.composer.discard}
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
