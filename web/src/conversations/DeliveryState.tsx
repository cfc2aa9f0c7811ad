/** How an outgoing message fares: its state at a glance, each recipient and attempt on demand. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { messages } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Delivery, Message, MessageStatus } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Badge, Skeleton, type Tone } from "../ui/bits";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { useNow } from "../ui/useNow";
import { useDeliveries } from "./queries";
import styles from "./Message.module.css";

const TONES: Partial<Record<MessageStatus, Tone>> = {
  sent: "ok",
  delivered: "ok",
  deferred: "warn",
  suppressed: "warn",
  bounced: "danger",
  failed: "danger",
  complained: "danger",
  scheduled: "accent",
};
const RETRYABLE = new Set<MessageStatus>(["failed", "bounced", "deferred"]);

export function statusTone(status: MessageStatus): Tone {
  return TONES[status] ?? "plain";
}

/** What only waits for its author to take it back. */
const SOON_MS_MAX = 150_000;

function isSoon(iso: string, now: Date): boolean {
  return new Date(iso).getTime() - now.getTime() < SOON_MS_MAX;
}

export function DeliveryState({ message }: { message: Message }) {
  const troubled = ["failed", "bounced", "complained", "deferred"].includes(message.status);
  // Trouble tells its story by itself, whenever it comes, unless somebody has closed it.
  const [chosen, setOpen] = useState<boolean | null>(null);
  const open = chosen ?? troubled;
  const client = useQueryClient();
  const now = useNow();
  const refresh = () => {
    void client.invalidateQueries({ queryKey: keys.messages(message.conversationId) });
    void client.invalidateQueries({ queryKey: keys.deliveries(message.id) });
  };
  const retry = useMutation({
    mutationFn: () => messages.retry(message.id),
    onSuccess: () => toast(m.delivery.retried),
    onError: (error) => toastProblem(m.delivery.retryFailed, error),
    onSettled: refresh,
  });
  const cancel = useMutation({
    mutationFn: () => messages.cancel(message.id),
    onSuccess: () => toast(m.delivery.cancelled),
    onError: (error) => toastProblem(m.delivery.cancelFailed, error),
    onSettled: refresh,
  });

  return (
    <div className={styles.delivery}>
      <div className={styles.deliveryHead}>
        <button
          type="button"
          className={styles.deliveryToggle}
          aria-expanded={open}
          aria-label={open ? m.delivery.hide : m.delivery.show}
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? "down" : "right"} size={14} />
          {m.delivery.title}
        </button>
        <Badge tone={statusTone(message.status)}>{m.delivery.status[message.status]}</Badge>
        {message.status === "scheduled" && message.scheduledAt && (
          <span className="muted">
            {isSoon(message.scheduledAt, now) ? m.delivery.soon : m.delivery.scheduledFor(longTime(message.scheduledAt))}
          </span>
        )}
        <span className={styles.grow} />
        {RETRYABLE.has(message.status) && (
          <Button small icon="reopen" disabled={retry.isPending} onClick={() => retry.mutate()}>
            {m.delivery.retry}
          </Button>
        )}
        {message.status === "scheduled" && (
          <Button small icon="close" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
            {m.delivery.cancel}
          </Button>
        )}
      </div>
      {open && <Recipients messageId={message.id} />}
    </div>
  );
}

function Recipients({ messageId }: { messageId: string }) {
  const deliveries = useDeliveries(messageId, true);
  if (deliveries.isPending) return <Skeleton width="60%" height={40} />;
  if (deliveries.isError) {
    return (
      <ProblemNotice
        title={m.delivery.failed}
        problem={asProblem(deliveries.error)}
        onRetry={() => void deliveries.refetch()}
      />
    );
  }
  if (deliveries.data.length === 0) return <p className="muted small">{m.delivery.none}</p>;
  return (
    <ul>
      {deliveries.data.map((delivery) => (
        <Recipient key={delivery.id} delivery={delivery} />
      ))}
    </ul>
  );
}

function Recipient({ delivery }: { delivery: Delivery }) {
  return (
    <li className={styles.recipient}>
      <div className={styles.recipientHead}>
        <strong>{delivery.recipient}</strong>
        <Badge tone={statusTone(delivery.status)}>{m.delivery.status[delivery.status]}</Badge>
        <span className="muted">
          {delivery.attempts.length ? m.delivery.attempts(delivery.attempts.length) : m.delivery.noAttempts}
          {delivery.nextAttemptAt && ` · ${m.delivery.nextAttempt(longTime(delivery.nextAttemptAt))}`}
        </span>
      </div>
      {delivery.waitsFor && <p className="muted">{m.delivery.waitsFor(delivery.waitsFor)}</p>}
      {delivery.transport === "sandbox" && <p className="muted">{m.delivery.sandbox}</p>}
      {delivery.attempts.length > 0 && delivery.transport !== "sandbox" && (
        <ol className={styles.attempts}>
          {delivery.attempts.map((attempt) => (
            <li key={attempt.at}>
              <code>{attempt.response}</code>
              <div className="muted">
                {longTime(attempt.at)}
                {attempt.host && ` · ${m.delivery.viaHost(attempt.host)}`} ·{" "}
                {attempt.tls ? m.delivery.encrypted : m.delivery.clear}
              </div>
            </li>
          ))}
        </ol>
      )}
    </li>
  );
}
