/** What happened to a message on its way to one recipient, told as a timeline. */

import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Delivery, DeliveryAttempt, Message } from "../api/types";
import { statusTone } from "../conversations/DeliveryState";
import { exactTime } from "../format/time";
import { m } from "../i18n";
import { Badge, Breakable, type Tone } from "../ui/bits";
import { classNames } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { useSuppressionsOf } from "./queries";
import { storyOf, type Chapter, type Outcome } from "./story";
import styles from "./messages.module.css";

type Props = { message: Message; delivery: Delivery; initiallyOpen: boolean };

export function DeliveryStory({ message, delivery, initiallyOpen }: Props) {
  return (
    <details className={styles.delivery} open={initiallyOpen}>
      <summary>
        <Icon name="right" size={14} />
        <strong>
          <Breakable text={delivery.recipient} />
        </strong>
        <Badge tone={statusTone(delivery.status)}>{m.delivery.status[delivery.status]}</Badge>
      </summary>
      <Story message={message} delivery={delivery} />
    </details>
  );
}

function Story({ message, delivery }: Omit<Props, "initiallyOpen">) {
  const suppressions = useSuppressionsOf(delivery.recipient).data;
  const chapters = storyOf(message, delivery, suppressions);
  return (
    <ol className={styles.story}>
      {chapters.map((chapter, index) => (
        <Told key={index} chapter={chapter} recipient={delivery.recipient} />
      ))}
    </ol>
  );
}

const OUTCOMES: Record<Outcome, { tone: Tone; icon: IconName }> = {
  taken: { tone: "ok", icon: "check" },
  captured: { tone: "ok", icon: "check" },
  deferred: { tone: "warn", icon: "clock" },
  unreachable: { tone: "warn", icon: "warning" },
  refused: { tone: "danger", icon: "close" },
  suppressed: { tone: "warn", icon: "block" },
  reported: { tone: "danger", icon: "reply" },
};

function Told({ chapter, recipient }: { chapter: Chapter; recipient: string }) {
  const words = m.messages.chapters;
  switch (chapter.kind) {
    case "accepted":
      return (
        <Step icon="inbox" title={words.accepted} at={chapter.at}>
          <p>{chapter.scheduledAt ? words.scheduledText(exactTime(chapter.scheduledAt)) : words.acceptedText}</p>
        </Step>
      );
    case "attempt":
      return (
        <Step {...OUTCOMES[chapter.outcome]} title={`${words.attempt(chapter.number)}: ${words.outcomes[chapter.outcome] ?? ""}`} at={chapter.at}>
          <p>{m.messages.meanings[chapter.answer.meaning]}</p>
          {chapter.outcome !== "captured" && <Spoken attempt={chapter.attempt} />}
        </Step>
      );
    case "report":
      return (
        <Step tone={chapter.answer.class === 4 ? "warn" : "danger"} icon="reply" title={words.report} at={chapter.at}>
          <p>{m.messages.meanings[chapter.answer.meaning]}</p>
          <Spoken attempt={chapter.attempt} />
        </Step>
      );
    case "held":
      return (
        <Step tone="warn" icon="block" title={words.held} at={chapter.at}>
          <p>
            {words.heldText} <Link href={`/suppressions?${new URLSearchParams({ address: recipient })}`}>{words.openSuppression}</Link>
          </p>
          {chapter.attempt && <code className={styles.response}>{chapter.attempt.response}</code>}
        </Step>
      );
    case "cancelled":
      return (
        <Step icon="close" title={words.cancelled} at={chapter.at}>
          <p>{words.cancelledText}</p>
        </Step>
      );
    case "under way":
      return <Step icon="send" tone="accent" title={words.underWay} />;
    case "next":
      return <Step icon="clock" waiting title={(chapter.first ? words.first : words.next)(exactTime(chapter.at))} />;
    case "opened":
    case "clicked":
      return (
        <Step icon={chapter.kind === "opened" ? "mail" : "link"} tone="ok" title={words[chapter.kind](chapter.times)} at={chapter.at}>
          {chapter.lastAt && chapter.lastAt !== chapter.at && <p>{words.last(exactTime(chapter.lastAt))}</p>}
        </Step>
      );
    case "unsubscribed":
      return (
        <Step icon="leave" tone="warn" title={words.unsubscribed} at={chapter.at}>
          <p>{words.unsubscribedText}</p>
        </Step>
      );
  }
}

type StepProps = { icon: IconName; title: string; tone?: Tone; at?: string; waiting?: boolean; children?: ReactNode };

function Step({ icon, title, tone = "plain", at, waiting, children }: StepProps) {
  return (
    <li className={classNames(styles.step, styles[tone], waiting && styles.waiting)}>
      <span className={styles.dot}>
        <Icon name={icon} size={13} />
      </span>
      <div className={styles.told}>
        <div className={styles.stepHead}>
          <strong>{title}</strong>
          {at && <time dateTime={at}>{exactTime(at)}</time>}
        </div>
        {children}
      </div>
    </li>
  );
}

/** With whom it was spoken, how, and what they said, word for word. */
function Spoken({ attempt }: { attempt: DeliveryAttempt }) {
  const { host, address, response, tls, tlsVersion, triedBefore } = attempt;
  const how = host ? [host, address, tls ? (tlsVersion ?? m.delivery.encrypted) : m.messages.clear1].filter(Boolean).join(" · ") : "";
  return (
    <>
      <code className={styles.response}>{response}</code>
      {how && (
        <p className={styles.how}>
          <Icon name={tls ? "shield" : "shieldOff"} size={14} />
          <span>{how}</span>
        </p>
      )}
      {triedBefore && triedBefore.length > 0 && (
        <details className={styles.before}>
          <summary>{m.messages.before(triedBefore.length)}</summary>
          <ul>
            {triedBefore.map((tried, index) => (
              <li key={index}>
                <span className={styles.how}>{[tried.host, tried.address].filter(Boolean).join(" · ")}</span>
                <code className={styles.response}>{tried.response}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
