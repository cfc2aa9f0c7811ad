/** The last step: where to send the first mail, the wait for it, and then the mail itself. */

import type { ReactNode } from "react";
import type { Channel } from "../api/types";
import { SampleMail } from "../channels/SampleMail";
import { m } from "../i18n";
import { Breakable, CopyField } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { ForwardingGuide } from "./ForwardingGuide";
import { StepHeading } from "./StepHeading";
import type { Way } from "./state";
import { TryIt } from "./TryIt";
import { useFirstMail, type Awaited } from "./useFirstMail";
import styles from "./setUp.module.css";

type Props = {
  way: Way;
  /** None where a domain's mail is waited for. */
  channel: Channel | null;
  /** What people write to, where that is not the channel's generated address. */
  address: string | null;
  awaited: Awaited;
  focused: boolean;
  onArrived: (conversationId: string) => void;
  /** Ways on from here. */
  children: ReactNode;
};

/** A mailbox that is read by itself; without an IMAP server one forwards from it. */
export function isRead(channel: Channel | null): boolean {
  return channel?.provider === "smtp_imap" && Boolean(channel.config.imapHost);
}

export function ReceiveStep({ way, channel, address, awaited, focused, onArrived, children }: Props) {
  useFirstMail(awaited, onArrived);
  const forwards = way === "forwarding" || (way === "smtp_imap" && !isRead(channel));
  const shown = forwards ? "forwarding" : way;
  const writeTo = (forwards || way === "sandbox" ? channel?.inboundAddress : address) ?? channel?.inboundAddress ?? "";
  const domain = writeTo.split("@").at(-1) ?? "";
  const isLocal = channel !== null && writeTo === channel.inboundAddress && /(^|\.)localhost$/.test(domain);
  const label = writeTo === channel?.inboundAddress ? m.setUp.receiving : m.setUp.yourAddress;
  return (
    <div className={styles.step}>
      <div>
        <StepHeading focused={focused} title={m.setUp.receiveTitle[shown]} text={m.setUp.receiveText[shown]} />
      </div>
      <CopyField value={writeTo} label={label} />
      {isLocal && (
        <p className={styles.note}>
          <Icon name="info" size={16} />
          <span>{m.setUp.local(domain)}</span>
        </p>
      )}
      {channel?.status === "disconnected" && (
        <p className={styles.note} role="status">
          <Icon name="warning" size={16} />
          <span>{m.setUp.disconnected}</span>
        </p>
      )}
      {forwards && <ForwardingGuide />}
      <div className={styles.wait}>
        <span className={styles.pulse} aria-hidden="true" />
        <div className={styles.waitWords}>
          <p role="status">
            <strong>{m.setUp.waiting}</strong>
          </p>
          <p className="muted small">
            <Breakable text={m.setUp.waitingText(writeTo)} />
          </p>
        </div>
        {channel && <SampleMail channel={channel} />}
      </div>
      <div>
        <details className={styles.more}>
          <summary>{m.setUp.noMail}</summary>
          <ul className={styles.list}>
            {m.setUp.noMailList.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
        {channel && <TryIt channel={channel} />}
      </div>
      <div className={styles.buttons}>{children}</div>
    </div>
  );
}
