/** The sandbox's outbox: mail that was captured instead of sent, shown as its recipient would see it. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { messages } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, type Problem } from "../api/problem";
import type { Message } from "../api/types";
import { Attachments } from "../conversations/Attachments";
import { statusTone } from "../conversations/DeliveryState";
import { MailFrame } from "../conversations/MailFrame";
import { RawText } from "../conversations/RawDialog";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { usePageTitle } from "../shell/usePageTitle";
import { Badge, EmptyState, Skeleton } from "../ui/bits";
import { classNames, IconButton, LinkButton } from "../ui/Button";
import { Gone } from "../ui/Gone";
import { ListSkeleton, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useNow } from "../ui/useNow";
import styles from "./Outbox.module.css";

const SANDBOX = { direction: "outbound", transport: "sandbox", take: 50 };

export default function Outbox({ id }: { id: string | undefined }) {
  usePageTitle(m.outbox.title);
  const [, navigate] = useLocation();
  const list = useInfiniteQuery({
    queryKey: keys.outbox,
    queryFn: ({ pageParam, signal }) => messages.list({ ...SANDBOX, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const step = (by: 1 | -1): void => {
    const at = items.findIndex((item) => item.id === id);
    const next = items[Math.max(0, at + by)];
    if (next) navigate(`/outbox/${next.id}`);
  };
  useCommands({
    next: () => step(1),
    previous: () => step(-1),
    back: () => (id ? navigate("/outbox") : false),
  });
  const chosen = items.find((item) => item.id === id);

  return (
    <div className={classNames(styles.layout, id && styles.open)}>
      <section className={styles.list} aria-label={m.outbox.title}>
        <header className={styles.head}>
          <h1>{m.outbox.title}</h1>
          <p>{m.outbox.lead}</p>
        </header>
        {list.isPending && (
          <div className={styles.pad}>
            <ListSkeleton />
          </div>
        )}
        {list.isError && items.length === 0 && (
          <div className={styles.pad}>
            <ProblemNotice title={m.outbox.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />
          </div>
        )}
        {list.isSuccess && items.length === 0 && (
          <EmptyState icon="outbox" title={m.outbox.empty} text={m.outbox.emptyText} />
        )}
        <ul>
          {items.map((message) => (
            <li key={message.id}>
              <Row message={message} selected={message.id === id} />
            </li>
          ))}
        </ul>
        <LoadMore list={list} />
      </section>
      <section className={styles.pane} aria-label={m.outbox.preview}>
        {id ? (
          <Preview key={id} id={id} known={chosen} />
        ) : (
          <div className={styles.center}>
            <EmptyState icon="mail" title={m.outbox.pick} text={m.outbox.pickText} />
          </div>
        )}
      </section>
    </div>
  );
}

function toWhom(message: Message): string {
  return message.recipients.map((recipient) => recipient.address).join(", ");
}

function subjectOf(message: Message): string {
  return (message.content.type === "email" && message.content.email.subject) || m.list.noSubject;
}

function Row({ message, selected }: { message: Message; selected: boolean }) {
  const now = useNow();
  return (
    <Link href={`/outbox/${message.id}`} className={styles.row ?? ""} aria-current={selected ? "true" : undefined}>
      <span className={styles.line}>
        <strong dir="auto">{subjectOf(message)}</strong>
        <Waiting message={message} />
        <time dateTime={message.timestamp} title={longTime(message.timestamp)}>
          {shortTime(message.timestamp, now)}
        </time>
      </span>
      <span className={styles.sub}>{m.outbox.to(toWhom(message))}</span>
    </Link>
  );
}

/** What lies here and was not “sent” yet, or never will be. */
function Waiting({ message }: { message: Message }) {
  if (["sent", "delivered"].includes(message.status)) return null;
  return <Badge tone={statusTone(message.status)}>{m.delivery.status[message.status]}</Badge>;
}

type Format = "preview" | "text" | "raw";

function Preview({ id, known }: { id: string; known: Message | undefined }) {
  const [, navigate] = useLocation();
  const [format, setFormat] = useState<Format>("preview");
  const loaded = useQuery({
    queryKey: keys.message(id),
    queryFn: ({ signal }) => messages.get(id, signal),
    enabled: !known,
  });
  const message = known ?? loaded.data;
  if (!message) {
    if (loaded.isError) return <Failed problem={asProblem(loaded.error)} onRetry={() => void loaded.refetch()} />;
    return <Skeleton height={240} />;
  }
  const email = message.content.type === "email" ? message.content.email : null;
  return (
    <>
      <div className={styles.title}>
        <span className={styles.backOnly}>
          <IconButton icon="back" label={m.outbox.back} onClick={() => navigate("/outbox")} />
        </span>
        <h1 dir="auto" title={subjectOf(message)}>
          {subjectOf(message)}
        </h1>
        <Waiting message={message} />
        <LinkButton small href={`/conversations/${message.conversationId}`}>
          {m.outbox.inConversation}
        </LinkButton>
      </div>
      <p className={styles.meta}>
        {message.from} · {m.outbox.to(toWhom(message))} · {longTime(message.timestamp)}
      </p>
      <FormatTabs format={format} onChange={setFormat} />
      <div role="tabpanel" id="outbox-panel" aria-labelledby={`outbox-${format}`}>
        {format === "preview" &&
          (email?.html != null ? (
            <MailFrame messageId={id} title={subjectOf(message)} />
          ) : (
            <>
              <p className="muted small">{m.outbox.noHtml}</p>
              <p className={styles.text}>{email?.text}</p>
            </>
          ))}
        {format === "text" && <p className={styles.text}>{email?.text ?? m.message.empty}</p>}
        {format === "raw" && <RawText messageId={id} />}
      </div>
      {email && format !== "raw" && <Attachments attachments={email.attachments} />}
    </>
  );
}

function Failed({ problem, onRetry }: { problem: Problem; onRetry: () => void }) {
  const back = { href: "/outbox", label: m.outbox.back };
  if (problem.status === 404) return <Gone title={m.outbox.notFound} back={back} />;
  return (
    <>
      <ProblemNotice title={m.outbox.oneFailed} problem={problem} onRetry={onRetry} />
      <span className={styles.backOnly}>
        <LinkButton href={back.href}>{back.label}</LinkButton>
      </span>
    </>
  );
}

function FormatTabs({ format, onChange }: { format: Format; onChange: (format: Format) => void }) {
  const names: Format[] = ["preview", "text", "raw"];
  return (
    <div
      className={styles.tabs}
      role="tablist"
      aria-label={m.outbox.formats}
      tabIndex={-1}
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!by) return;
        const next = names[(names.indexOf(format) + by + names.length) % names.length] ?? "preview";
        onChange(next);
        document.getElementById(`outbox-${next}`)?.focus();
      }}
    >
      {names.map((name) => (
        <button
          key={name}
          id={`outbox-${name}`}
          type="button"
          role="tab"
          aria-selected={name === format}
          aria-controls="outbox-panel"
          tabIndex={name === format ? 0 : -1}
          onClick={() => onChange(name)}
        >
          {m.outbox[name]}
        </button>
      ))}
    </div>
  );
}
