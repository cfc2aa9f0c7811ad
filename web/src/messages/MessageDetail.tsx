/** One message that was sent: its facts, the story of each of its deliveries, and what was in it. */

import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { asProblem } from "../api/problem";
import type { Message } from "../api/types";
import { Attachments } from "../conversations/Attachments";
import { statusTone } from "../conversations/DeliveryState";
import { MailFrame } from "../conversations/MailFrame";
import { useDeliveries } from "../conversations/queries";
import { RawDialog } from "../conversations/RawDialog";
import { exactTime } from "../format/time";
import { m } from "../i18n";
import { Badge, Breakable, Skeleton } from "../ui/bits";
import { Button, IconButton, LinkButton } from "../ui/Button";
import { Gone } from "../ui/Gone";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { DeliveryStory } from "./DeliveryStory";
import { useMessage, useMessageActions, useSenders } from "./queries";
import { canBe, subjectOf } from "./story";
import styles from "./messages.module.css";

type Props = { id: string; known: Message | undefined; backHref: string };

export function MessageDetail({ id, known, backHref }: Props) {
  const message = useMessage(id, known);
  if (message.data) return <Detail message={message.data} backHref={backHref} />;
  if (message.isPending) return <ListSkeleton rows={5} />;
  const problem = asProblem(message.error);
  if (problem.status === 404) return <Gone title={m.messages.notFound} back={{ href: backHref, label: m.messages.back }} />;
  return (
    <>
      <ProblemNotice title={m.messages.oneFailed} problem={problem} onRetry={() => void message.refetch()} />
      <LinkButton href={backHref}>{m.messages.back}</LinkButton>
    </>
  );
}

function Detail({ message, backHref }: { message: Message; backHref: string }) {
  const [, navigate] = useLocation();
  const close = () => navigate(backHref);
  return (
    <>
      <header className={styles.title}>
        <span className={styles.backOnly}>
          <IconButton icon="back" label={m.messages.back} onClick={close} />
        </span>
        <h1 dir="auto">{subjectOf(message)}</h1>
        <Badge tone={statusTone(message.status)}>{m.delivery.status[message.status]}</Badge>
        <span className={styles.closeOnly}>
          <IconButton icon="close" label={m.close} onClick={close} />
        </span>
      </header>
      <Actions message={message} />
      <Facts message={message} />
      <Deliveries message={message} />
      <Content message={message} />
    </>
  );
}

function Actions({ message }: { message: Message }) {
  const [raw, setRaw] = useState(false);
  const { retry, cancel } = useMessageActions(message);
  const can = canBe(message);
  return (
    <div className={styles.actions}>
      {can.cancelled && (
        <Button small variant="primary" icon="close" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          {m.messages.cancel}
        </Button>
      )}
      {can.retried && (
        <Button small variant="primary" icon="reopen" disabled={retry.isPending} onClick={() => retry.mutate()}>
          {m.messages.retry}
        </Button>
      )}
      <LinkButton small icon="inbox" href={`/conversations/${message.conversationId}`}>
        {m.messages.conversation}
      </LinkButton>
      <Button small icon="code" onClick={() => setRaw(true)}>
        {m.messages.raw}
      </Button>
      {raw && <RawDialog messageId={message.id} onClose={() => setRaw(false)} />}
    </div>
  );
}

/** Recipients that are named; more are among the deliveries. */
const NAMED_MAX = 5;

function Facts({ message }: { message: Message }) {
  const sender = useSenders()(message);
  const named = message.recipients.slice(0, NAMED_MAX).map(({ address }) => address);
  const recipients = m.messages.to(named.join(", "), message.recipients.length - named.length);
  const rows: [string, ReactNode][] = [
    [m.messages.from, <Breakable key="from" text={message.from} />],
    [m.messages.recipients, <Breakable key="to" text={recipients} />],
    [m.messages.sentBy, sender && <Link href={sender.href}>{sender.name}</Link>],
    [m.messages.time, exactTime(message.timestamp)],
    [m.messages.tags, message.tags.length > 0 && message.tags.map((tag) => <TagLink key={tag} tag={tag} />)],
    [m.messages.messageId, message.metadata.messageId && <Breakable text={message.metadata.messageId} />],
  ];
  return (
    <dl className={styles.facts} aria-label={m.messages.facts}>
      {rows.map(([name, value]) =>
        value ? (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

function TagLink({ tag }: { tag: string }) {
  return (
    <Link className={styles.tag ?? ""} href={`/messages?${new URLSearchParams({ tag })}`}>
      {tag}
    </Link>
  );
}

/** With more recipients than this, each story waits until it is asked for. */
const OPEN_MAX = 3;

function Deliveries({ message }: { message: Message }) {
  const deliveries = useDeliveries(message.id, true);
  return (
    <section className={styles.section}>
      <h2>{m.messages.deliveries}</h2>
      {deliveries.isPending && <Skeleton height={120} />}
      {deliveries.isError && !deliveries.data && (
        <ProblemNotice title={m.messages.deliveriesFailed} problem={asProblem(deliveries.error)} onRetry={() => void deliveries.refetch()} />
      )}
      {deliveries.data?.length === 0 && <p className="muted">{m.messages.noDeliveries}</p>}
      {deliveries.data?.map((delivery) => (
        <DeliveryStory key={delivery.id} message={message} delivery={delivery} initiallyOpen={deliveries.data.length <= OPEN_MAX} />
      ))}
    </section>
  );
}

function Content({ message }: { message: Message }) {
  if (message.content.type !== "email") return null;
  const { html, text, attachments } = message.content.email;
  return (
    <section className={styles.section}>
      <h2>{m.messages.content}</h2>
      <div className={styles.content}>
        {html != null ? <MailFrame messageId={message.id} title={subjectOf(message)} /> : <p className={styles.text}>{text ?? m.message.empty}</p>}
      </div>
      <Attachments attachments={attachments} />
    </section>
  );
}
