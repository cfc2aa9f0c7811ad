/** What was posted to an endpoint: each event, each attempt, each answer. */

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { webhooks } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { WebhookAttempt, WebhookDelivery } from "../api/types";
import { exactTime, timeOfDay } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Badge, EmptyState, type Tone } from "../ui/bits";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import styles from "./webhooks.module.css";

const TONES: Record<WebhookDelivery["status"], Tone> = { pending: "plain", delivered: "ok", failed: "danger" };
/** Nothing tells of a delivery's progress: while one is under way, ask. */
const POLL_MS = 2_000;
const POLL_CALM_MS = 15_000;

type Props = { endpointId: string; onReplay: (eventId: string) => void };

export function Deliveries({ endpointId, onReplay }: Props) {
  const list = useInfiniteQuery({
    queryKey: keys.webhookDeliveries(endpointId),
    queryFn: ({ pageParam, signal }) => webhooks.deliveries(endpointId, { cursor: pageParam, take: 50 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
    refetchInterval: (query) =>
      query.state.data?.pages[0]?.items.some((delivery) => delivery.status === "pending") ? POLL_MS : POLL_CALM_MS,
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <ListSkeleton />;
  if (list.isError && items.length === 0) {
    return (
      <ProblemNotice title={m.webhooks.deliveriesFailed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />
    );
  }
  if (items.length === 0) {
    return <EmptyState icon="webhook" title={m.webhooks.noDeliveries} text={m.webhooks.noDeliveriesText} />;
  }
  return (
    <>
      <ul className={listStyles.list}>
        {items.map((delivery) => (
          <li key={delivery.id}>
            <Delivery endpointId={endpointId} delivery={delivery} onReplay={onReplay} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  );
}

type DeliveryProps = { endpointId: string; delivery: WebhookDelivery; onReplay: (eventId: string) => void };

function Delivery({ endpointId, delivery, onReplay }: DeliveryProps) {
  const [open, setOpen] = useState(false);
  const last = delivery.attempts.at(-1);
  const retrying = delivery.status === "pending" && last !== undefined;
  return (
    <>
      <button type="button" className={listStyles.row} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? "down" : "right"} size={15} />
        <span className={listStyles.main}>
          <strong>{delivery.eventType}</strong>
          <span className={listStyles.sub}>{exactTime(delivery.createdAt)}</span>
        </span>
        <span className={listStyles.side}>
          {last && <span>{last.statusCode ?? m.webhooks.noAnswer}</span>}
          {delivery.attempts.length > 1 && <span>{m.webhooks.attempts(delivery.attempts.length)}</span>}
          {retrying && delivery.nextAttemptAt && (
            <span>{isPast(delivery.nextAttemptAt) ? m.webhooks.due : m.webhooks.next(timeOfDay(delivery.nextAttemptAt))}</span>
          )}
          {retrying ? (
            <Badge tone="warn">{m.webhooks.retrying}</Badge>
          ) : (
            <Badge tone={TONES[delivery.status]}>{m.webhooks.status[delivery.status]}</Badge>
          )}
        </span>
      </button>
      {open && <DeliveryDetail endpointId={endpointId} delivery={delivery} onReplay={onReplay} />}
    </>
  );
}

function isPast(iso: string): boolean {
  return new Date(iso).getTime() <= Date.now();
}

function DeliveryDetail({ endpointId, delivery, onReplay }: DeliveryProps) {
  const client = useQueryClient();
  const admin = useIsAdmin();
  const retry = useMutation({
    mutationFn: () => webhooks.retry(endpointId, delivery.id),
    onSuccess: () => toast(m.webhooks.retried),
    onError: (error) => toastProblem(m.webhooks.retryFailed, error),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.webhookDeliveries(endpointId) }),
  });
  return (
    <div className={styles.detail}>
      {admin && (
        <div className={styles.bar}>
          <Button small icon="reopen" disabled={retry.isPending} onClick={() => retry.mutate()}>
            {m.webhooks.retryNow}
          </Button>
          <Button small icon="play" onClick={() => onReplay(delivery.eventId)}>
            {m.webhooks.replayFrom}
          </Button>
        </div>
      )}
      <p className="small">
        {m.webhooks.event} <span className={styles.mono}>{delivery.eventId}</span>
      </p>
      <ol>
        {delivery.attempts.toReversed().map((attempt) => (
          <Attempt key={attempt.at} attempt={attempt} />
        ))}
      </ol>
    </div>
  );
}

function Attempt({ attempt }: { attempt: WebhookAttempt }) {
  const good = attempt.statusCode != null && attempt.statusCode >= 200 && attempt.statusCode < 300;
  return (
    <li className={styles.attempt}>
      <Badge tone={good ? "ok" : "danger"}>{attempt.statusCode ?? m.webhooks.noAnswer}</Badge>{" "}
      <span className="muted">
        {exactTime(attempt.at)} · {m.webhooks.milliseconds(attempt.durationMs)}
      </span>
      {attempt.response && (
        <pre tabIndex={0} aria-label={m.webhooks.response}>
          {attempt.response}
        </pre>
      )}
    </li>
  );
}
