/** One message: who wrote it, what it says, what came with it, how it fared. */

import { useState } from "react";
import type { EmailContent, Message, User } from "../api/types";
import { displayName, parseMailbox } from "../format/address";
import { linkify, visibleText } from "../format/text";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Avatar, Badge } from "../ui/bits";
import { Button, classNames, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { useNow } from "../ui/useNow";
import { Attachments } from "./Attachments";
import { AuthMark, Warnings } from "./AuthMark";
import { DeliveryState } from "./DeliveryState";
import { Highlighted } from "./Highlighted";
import { MailFrame } from "./MailFrame";
import { MessageMenu } from "./MessageMenu";
import { RawDialog } from "./RawDialog";
import { useUsers } from "./queries";
import styles from "./Message.module.css";

type Props = { message: Message; initiallyOpen: boolean };

export function authorOf(message: Message, users: User[]): { name: string; address: string | null } {
  const author = users.find((user) => user.id === message.authorId);
  if (author) return { name: author.name ?? author.email, address: message.private ? null : parseMailbox(message.from).address };
  if (message.private) return { name: m.message.application, address: null };
  const mailbox = parseMailbox(message.metadata.headers["from"] ?? message.from);
  return { name: displayName(mailbox) || m.contact.unknown, address: mailbox.name ? mailbox.address : null };
}

function firstWords(message: Message): string {
  if (message.content.type === "note") return message.content.text;
  const { replyText, text, subject } = message.content.email;
  return (replyText ?? text ?? subject).replaceAll(/\s+/g, " ").slice(0, 160);
}

/** Of more recipients than that one is named above a mail; all of them are among its details. */
const NAMED_MAX = 2;

export function MessageItem({ message, initiallyOpen }: Props) {
  const [open, setOpen] = useState(initiallyOpen);
  const [details, setDetails] = useState(false);
  const [raw, setRaw] = useState(false);
  const note = message.content.type === "note" || message.private;
  return (
    <article
      className={classNames(styles.card, note && styles.note, !note && message.direction === "outbound" && styles.outbound)}
      data-message={message.id}
      data-direction={note ? "note" : message.direction}
    >
      <Head
        message={message}
        open={open}
        note={note}
        details={details}
        onToggle={() => setOpen(!open)}
        onDetails={() => {
          setDetails(!details);
          setOpen(true);
        }}
        onRaw={() => setRaw(true)}
      />
      {open && (
        <div className={styles.content}>
          {details && <Details message={message} onRaw={() => setRaw(true)} />}
          {message.content.type === "note" ? (
            <p className={styles.noteText}>
              <Linked text={message.content.text} />
            </p>
          ) : (
            <EmailBody message={message} email={message.content.email} />
          )}
        </div>
      )}
      {raw && <RawDialog messageId={message.id} onClose={() => setRaw(false)} />}
    </article>
  );
}

type HeadProps = {
  message: Message;
  open: boolean;
  note: boolean;
  details: boolean;
  onToggle: () => void;
  onDetails: () => void;
  onRaw: () => void;
};

function Head({ message, open, note, details, onToggle, onDetails, onRaw }: HeadProps) {
  const users = useUsers().data ?? [];
  const { user: me } = useSession();
  const now = useNow();
  const author = authorOf(message, users);
  const to = message.recipients.filter((recipient) => recipient.type !== "bcc").map((recipient) => recipient.name ?? recipient.address);
  const more = to.length > NAMED_MAX ? to.length - 1 : 0;
  return (
    <header className={styles.head}>
      <Avatar name={author.name} />
      <button type="button" className={styles.open} aria-expanded={open} onClick={onToggle}>
        <span className={styles.who}>
          <strong dir="auto">{author.name}</strong>
          {message.authorId === me.id && <span className={styles.mark}>({m.message.you})</span>}
          {!note && message.direction === "inbound" && <AuthMark auth={message.metadata.auth} />}
          {note && (
            <Badge tone="warn" icon="note">
              {m.message.note}
            </Badge>
          )}
          <Kind message={message} />
          {author.address && <span className={styles.address}>{author.address}</span>}
        </span>
        <span className={classNames(styles.line, open && more > 0 && styles.many)} dir="auto">
          {open ? (note ? m.message.noteHint : to.length > 0 && m.message.toWhom(to.slice(0, to.length - more).join(", "), more)) : <Highlighted text={firstWords(message)} />}
        </span>
      </button>
      <div className={styles.tools}>
        {!open && message.direction === "outbound" && !note && (
          <span className={styles.state}>
            <Badge>{m.delivery.status[message.status]}</Badge>
          </span>
        )}
        <time className={styles.time} dateTime={message.timestamp} title={longTime(message.timestamp)}>
          {shortTime(message.timestamp, now)}
        </time>
        {!note && (
          <>
            <IconButton
              small
              icon="info"
              label={details ? m.message.hideDetails : m.message.showDetails}
              aria-expanded={details}
              onClick={onDetails}
            />
            <MessageMenu message={message} onRaw={onRaw} />
          </>
        )}
      </div>
    </header>
  );
}

function Kind({ message }: { message: Message }) {
  const { kind: name, autoReply } = message.metadata;
  // A newsletter is a machine's as well, and no reply.
  const kind = m.message.kinds[name] ?? (autoReply ? m.message.automated : undefined);
  return kind ? <Badge tone={name === "bounce" ? "danger" : "plain"}>{kind}</Badge> : null;
}

function EmailBody({ message, email }: { message: Message; email: EmailContent }) {
  // What it says is its recipient's alone; that is no fault of the mail.
  if ("surveyId" in message.customData) {
    return (
      <>
        <p className="muted">{m.ratings.asked}</p>
        <DeliveryState message={message} />
      </>
    );
  }
  return (
    <>
      <Warnings metadata={message.metadata} />
      {email.html != null ? (
        <MailFrame messageId={message.id} title={m.message.frameTitle(displayName(parseMailbox(message.from)))} />
      ) : (
        <PlainText text={email.text} replyText={email.replyText} />
      )}
      <Attachments attachments={email.attachments} />
      {message.direction === "outbound" && <DeliveryState message={message} />}
    </>
  );
}

export function Linked({ text }: { text: string }) {
  return linkify(text).map((part, index) =>
    part.kind === "text" ? (
      <Highlighted key={index} text={part.text} />
    ) : (
      <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
        <Highlighted text={part.text} />
      </a>
    ),
  );
}

function PlainText({ text, replyText }: { text?: string | null; replyText?: string | null }) {
  const [all, setAll] = useState(false);
  const { shown, folded } = visibleText(text ?? null, replyText ?? null);
  if (shown === "") return <p className="muted">{m.message.empty}</p>;
  return (
    <>
      <div className={styles.text}>
        <Linked text={all ? (text ?? "").trim() : shown} />
      </div>
      {folded && (
        <div className={styles.quoteToggle}>
          <Button small aria-expanded={all} onClick={() => setAll(!all)}>
            <Icon name="more" size={15} />
            {(all ? m.message.hideFolded : m.message.showFolded)[folded]}
          </Button>
        </div>
      )}
    </>
  );
}

function Details({ message, onRaw }: { message: Message; onRaw: () => void }) {
  const headers = message.metadata.headers;
  const group = (type: "to" | "cc" | "bcc") =>
    message.recipients
      .filter((recipient) => recipient.type === type)
      .map((recipient) => (recipient.name ? `${recipient.name} <${recipient.address}>` : recipient.address))
      .join(", ");
  const auth = message.metadata.auth;
  const words = m.message.authWords;
  const rows: [string, string | null | undefined][] = [
    [m.message.from, headers["from"] ?? message.from],
    [m.message.to, group("to")],
    [m.message.cc, group("cc")],
    [m.message.bcc, group("bcc")],
    [m.message.date, headers["date"] ?? longTime(message.timestamp)],
    [m.message.subject, message.content.type === "email" ? message.content.email.subject : null],
    [m.message.messageId, message.metadata.messageId],
    [m.message.threadedBy, m.message.threadReasons[message.threadedBy]],
    [m.message.auth, auth && m.message.authDetail(words[auth.spf], words[auth.dkim], words[auth.dmarc])],
    ["", auth?.detail],
  ];
  return (
    <dl className={styles.details}>
      {rows.map(([name, value]) =>
        value ? (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
      <dt />
      <dd>
        <Button small icon="code" onClick={onRaw}>
          {m.message.raw}
        </Button>
      </dd>
    </dl>
  );
}
