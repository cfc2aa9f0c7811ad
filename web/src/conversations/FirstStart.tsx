/** The inbox before the first mail: where to send it, how to try it, and the wait for it. */

import { useState } from "react";
import { useLocation } from "wouter";
import { asProblem } from "../api/problem";
import type { Channel, Message } from "../api/types";
import { m } from "../i18n";
import { useLiveEvents } from "../live/useLive";
import { CopyField, EmptyState, Skeleton } from "../ui/bits";
import { Button, LinkButton } from "../ui/Button";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useChannels } from "./queries";
import { SampleMail } from "../channels/SampleMail";
import { commandLines } from "../channels/commandLines";
import styles from "./FirstStart.module.css";

export function FirstStart() {
  const channels = useChannels();
  if (channels.isPending) {
    return (
      <div className={styles.page}>
        <Skeleton width={320} height={26} />
      </div>
    );
  }
  if (channels.isError) {
    return (
      <div className={styles.page}>
        <ProblemNotice
          title={m.channels.failed}
          problem={asProblem(channels.error)}
          onRetry={() => void channels.refetch()}
        />
      </div>
    );
  }
  const first = channels.data[0];
  if (!first) {
    return (
      <EmptyState icon="channel" title={m.start.noChannel} text={m.start.noChannelText}>
        <LinkButton variant="primary" icon="plus" href="/channels/new">
          {m.start.createChannel}
        </LinkButton>
      </EmptyState>
    );
  }
  return (
    <div className={styles.page}>
      <h1>{m.start.title}</h1>
      <p>{m.start.text}</p>
      <div className={styles.list}>
        {channels.data.map((channel) => (
          <div key={channel.id} className={styles.block}>
            <p className={styles.label}>{m.start.channel(channel.name)}</p>
            <CopyField value={channel.inboundAddress} label={m.channels.receiving} />
          </div>
        ))}
      </div>
      <div className={styles.actions}>
        <SampleMail channel={first} />
        <WaitForMail />
      </div>
      <TryIt channel={first} />
    </div>
  );
}

/** Says that it waits, unless it is to be quiet, until a mail has come; then leads to it. */
export function WaitForMail({ channelId, quiet }: { channelId?: string; quiet?: boolean }) {
  const [arrived, setArrived] = useState<Message | null>(null);
  const [, navigate] = useLocation();
  useLiveEvents((event) => {
    if (event.type !== "message.received") return;
    const message = event.data as Message;
    if (!channelId || message.channelId === channelId) setArrived(message);
  });
  return (
    <div role="status" aria-live="polite">
      {arrived ? (
        <Button variant="primary" icon="mail" onClick={() => navigate(`/conversations/${arrived.conversationId}`)}>
          {m.start.arrived} {m.start.open}
        </Button>
      ) : (
        !quiet && <span className={styles.waiting}>{m.start.waiting}</span>
      )}
    </div>
  );
}

export function TryIt({ channel }: { channel: Channel }) {
  const lines = commandLines(channel, window.location);
  return (
    <>
      <section className={styles.block}>
        <h2>{m.start.bySmtp}</h2>
        <CopyField value={lines.smtp} label={m.start.bySmtp} />
      </section>
      <section className={styles.block}>
        <h2>{m.start.byHttp}</h2>
        <CopyField value={lines.http} label={m.start.byHttp} />
      </section>
      <p className={styles.block}>{m.start.byForward}</p>
    </>
  );
}
