/** A message that begins a conversation: from a channel, to anybody. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useLocation } from "wouter";
import { messages } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, Problem } from "../api/problem";
import { useChannels } from "../conversations/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { SelectField, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { encodeFiles } from "./attachments";
import { Recipients } from "./Composer";
import styles from "./Composer.module.css";
import { isEmptyDraft } from "./drafts";
import { AttachButton, FileChips, useDropZone, useFiles } from "./Files";
import { LazyEditor } from "./LazyEditor";
import { SendButton } from "./SendButton";
import { useDraft } from "./useDraft";
import { useIdempotencyKey } from "./useIdempotencyKey";

const DRAFT_KEY = "new";

export default function NewMessage({ onClose }: { onClose: () => void }) {
  const { draft, update, discard, revision } = useDraft(DRAFT_KEY);
  const onNames = useCallback((files: string[]) => update({ files }), [update]);
  const files = useFiles(DRAFT_KEY, onNames);
  const drop = useDropZone(files.add);
  const channels = useChannels().data ?? [];
  const channelId = draft.channelId ?? channels[0]?.id ?? "";
  const to = draft.to ?? [];
  const cc = draft.cc ?? [];
  const [pendingTo, setPendingTo] = useState("");
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const idempotencyKey = useIdempotencyKey();

  const finish = () => {
    discard();
    files.set([]);
    onClose();
  };
  const sending = useMutation({
    mutationFn: async ({ scheduledAt }: { scheduledAt?: Date }) => {
      if (!channelId) throw new Problem(422, { detail: m.composer.noChannel });
      if (pendingTo.trim()) throw new Problem(422, { detail: m.composer.notAnAddress(pendingTo.trim()) });
      if (to.length === 0) throw new Problem(422, { detail: m.composer.noRecipient });
      if (!draft.text.trim() && files.files.length === 0) throw new Problem(422, { detail: m.composer.empty });
      const attachments = await encodeFiles(files.files);
      const email = {
        subject: draft.subject.trim(),
        text: draft.text,
        html: draft.html || undefined,
        cc: cc.length ? cc : undefined,
        bcc: draft.bcc.length ? draft.bcc : undefined,
        attachments: attachments.length ? attachments : undefined,
      };
      const body = { channelId, to, content: { type: "email" as const, email }, scheduledAt: scheduledAt?.toISOString() };
      return messages.send(body, idempotencyKey(body));
    },
    onSuccess: (message, { scheduledAt }) => {
      void client.invalidateQueries({ queryKey: keys.conversationLists });
      void client.invalidateQueries({ queryKey: keys.outbox });
      toast(scheduledAt ? m.composer.scheduled(longTime(scheduledAt.toISOString())) : m.composer.sent);
      finish();
      if (message.conversationId) navigate(`/conversations/${message.conversationId}`);
    },
  });
  const submit = (options: { scheduledAt?: Date } = {}) => {
    if (!sending.isPending) sending.mutate(options);
  };

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
        {sending.error && <ProblemNotice title={m.composer.failed} problem={asProblem(sending.error)} />}
        <SelectField label={m.composer.from} value={channelId} onChange={(event) => update({ channelId: event.target.value })}>
          {channels.map((channel) => (
            <option key={channel.id} value={channel.id}>
              {channel.name} · {channel.emailAddress ?? channel.inboundAddress}
            </option>
          ))}
        </SelectField>
        <Recipients draft={draft} to={to} cc={cc} update={update} onPendingTo={setPendingTo} autoFocus />
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
            onChange={update}
            onSubmit={submit}
            onFiles={files.add}
          />
        </div>
        <FileChips files={files.files} onRemove={(file) => files.set(files.files.filter((each) => each !== file))} />
        <div className={styles.bottom}>
          <SendButton busy={sending.isPending} canResolve={false} onSend={submit} />
          <AttachButton onFiles={files.add} />
          <span className={styles.grow} />
          {!isEmptyDraft(draft) && (
            <Button variant="ghost" icon="trash" onClick={finish}>
              {m.composer.discard}
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
