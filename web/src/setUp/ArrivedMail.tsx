/** The mail that was waited for, and its answer: a conversation, right where one waited for it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { conversations } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, Problem } from "../api/problem";
import type { Message } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { DeliveryState } from "../conversations/DeliveryState";
import { useDeliveries, useMessages } from "../conversations/queries";
import { displayName, parseMailbox } from "../format/address";
import { visibleText } from "../format/text";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { keyName } from "../keyboard/dispatcher";
import { Avatar, Skeleton } from "../ui/bits";
import { Button } from "../ui/Button";
import { formClass, TextArea } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./setUp.module.css";

type Props = {
  conversationId: string;
  /** To the conversation, or to the inbox. */
  onLeave: (conversationId: string | null) => void;
  /** It is there no longer. */
  onGone: () => void;
};

export function ArrivedMail({ conversationId, onLeave, onGone }: Props) {
  const messages = useMessages(conversationId);
  const gone = messages.isError && asProblem(messages.error).status === 404;
  useEffect(() => {
    if (gone) onGone();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, whoever is told
  }, [gone]);
  if (messages.isPending || gone) return <Skeleton width="100%" height={180} />;
  if (!messages.data) {
    return (
      <ProblemNotice title={m.setUp.arrivedFailed} problem={asProblem(messages.error)} onRetry={() => void messages.refetch()} />
    );
  }
  const mail = messages.data.find((message) => message.direction === "inbound");
  const answer = messages.data.findLast((message) => message.direction === "outbound" && !message.private);
  return (
    <div className={styles.step}>
      <Heading text={answer ? m.setUp.arrivedAnswered : m.setUp.arrivedTitle} />
      {mail && <Mail message={mail} />}
      {answer ? <Answer message={answer} /> : <AnswerForm conversationId={conversationId} seen={messages.data.at(-1)?.id} />}
      <div className={styles.buttons}>
        <Button variant={answer ? "primary" : "default"} icon="mail" onClick={() => onLeave(conversationId)}>
          {m.setUp.openConversation}
        </Button>
        <Button onClick={() => onLeave(null)}>{m.setUp.toInbox}</Button>
      </div>
    </div>
  );
}

/** What had the focus is gone, be it the wait or the form: reading goes on here. */
function Heading({ text }: { text: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [text]);
  return (
    <h2 ref={heading} tabIndex={-1} className={styles.arrived}>
      <span>
        <Icon name="check" size={18} />
      </span>
      {text}
    </h2>
  );
}

function Mail({ message }: { message: Message }) {
  const email = message.content.type === "email" ? message.content.email : null;
  const from = parseMailbox(message.metadata.headers["from"] ?? message.from);
  const name = displayName(from);
  return (
    <article className={styles.mail} aria-label={email?.subject || m.list.noSubject}>
      <header>
        <Avatar name={name} size={36} />
        <div>
          <h3 dir="auto">{email?.subject || m.list.noSubject}</h3>
          <p className="muted small">
            <span className="visually-hidden">{m.setUp.arrivedFrom} </span>
            <strong dir="auto">{name}</strong> {from.name && <span>{from.address}</span>} · {longTime(message.timestamp)}
          </p>
        </div>
      </header>
      <p className={styles.words} dir="auto">
        {visibleText(email?.text ?? null, email?.replyText ?? null).shown}
      </p>
    </article>
  );
}

function Answer({ message }: { message: Message }) {
  const deliveries = useDeliveries(message.id, true).data ?? [];
  const captured = deliveries.length > 0 && deliveries.every((delivery) => delivery.transport === "sandbox");
  return (
    <article className={styles.mail} data-direction="outbound" aria-label={m.setUp.answer}>
      <p className={styles.words} dir="auto">
        {message.content.type === "email" ? message.content.email.text : ""}
      </p>
      <DeliveryState message={message} />
      <p className="muted small">
        {captured && m.delivery.sandbox} {m.setUp.answered}
      </p>
    </article>
  );
}

function AnswerForm({ conversationId, seen }: { conversationId: string; seen: string | undefined }) {
  const [text, setText] = useState("");
  const [missing, setMissing] = useState(false);
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const send = useMutation({
    mutationFn: () => {
      if (text.trim() === "") throw new Problem(422, { detail: m.setUp.answerEmpty });
      const body = { text: text.trim(), lastSeenMessageId: seen };
      return conversations.reply(conversationId, body, idempotencyKey(body));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.messages(conversationId) });
      void client.invalidateQueries({ queryKey: keys.outbox });
    },
  });
  const submit = () => {
    setMissing(text.trim() === "");
    if (text.trim() !== "" && !send.isPending) send.mutate();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit();
  };
  // Until it is shown by the list of messages, it is on its way still.
  const busy = send.isPending || send.isSuccess;
  return (
    <form
      className={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {send.error && <ProblemNotice title={m.setUp.sendFailed} problem={asProblem(send.error)} />}
      <TextArea
        label={m.setUp.answer}
        hint={`${m.setUp.answerHint} ${keyName("Ctrl")}+${keyName("Enter")}`}
        error={missing ? m.setUp.answerEmpty : null}
        rows={2}
        dir="auto"
        value={text}
        readOnly={busy}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setMissing(false);
          setText(event.target.value);
        }}
      />
      <div>
        <Button type="submit" variant="primary" icon="send" disabled={busy}>
          {busy ? m.setUp.sending : m.setUp.send}
        </Button>
      </div>
    </form>
  );
}
