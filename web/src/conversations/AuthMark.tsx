/** What is known of a sender's identity: a mark in the head, warnings over the text. */

import type { AuthResults, Message } from "../api/types";
import { m } from "../i18n";
import { Badge, type Tone } from "../ui/bits";
import { classNames } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import styles from "./Message.module.css";

export type Verdict = "verified" | "failed" | "none";

/** DMARC decides where a domain publishes it; without it a DKIM signature or SPF alone prove less, but something. */
export function verdictOf(auth: AuthResults): Verdict {
  if (auth.dmarc === "pass") return "verified";
  if (auth.dmarc === "fail" || auth.spf === "fail" || auth.dkim === "fail") return "failed";
  return auth.dkim === "pass" || auth.spf === "pass" ? "verified" : "none";
}

const LOOKS: Record<Verdict, { tone: Tone; icon: IconName; text: string }> = {
  verified: { tone: "ok", icon: "shield", text: m.message.authPass },
  failed: { tone: "danger", icon: "shieldOff", text: m.message.authFail },
  none: { tone: "plain", icon: "shieldOff", text: m.message.authNone },
};

export function AuthMark({ auth }: { auth: AuthResults | null | undefined }) {
  if (!auth) return null;
  const look = LOOKS[verdictOf(auth)];
  const words = m.message.authWords;
  const detail = m.message.authDetail(words[auth.spf], words[auth.dkim], words[auth.dmarc]);
  if (look.tone === "danger") {
    return (
      <span title={detail}>
        <Badge tone={look.tone} icon={look.icon}>
          {look.text}
        </Badge>
      </span>
    );
  }
  // The usual case is a mark alone: words on every message would be read by nobody.
  return (
    <span className={classNames(styles.mark, look.tone === "ok" && styles.verified)} title={`${look.text}: ${detail}`}>
      <Icon name={look.icon} size={15} />
      <span className="visually-hidden">{look.text}</span>
    </span>
  );
}

export function Warnings({ metadata }: { metadata: Message["metadata"] }) {
  const limits = metadata.limits ?? [];
  return (
    <>
      {metadata.unauthenticated && <Warning danger text={m.message.warnUnauthenticated} />}
      {metadata.newSender && <Warning text={m.message.warnNewSender} />}
      {metadata.messageIdReused && <Warning text={m.message.warnReusedId} />}
      {limits.length > 0 && <Warning text={`${m.message.warnLimits} (${limits.join("; ")})`} />}
    </>
  );
}

function Warning({ text, danger }: { text: string; danger?: boolean }) {
  return (
    <div className={classNames(styles.bar, danger ? styles.dangerBar : styles.warning)} role="note">
      <Icon name="warning" size={16} />
      <p>{text}</p>
    </div>
  );
}
