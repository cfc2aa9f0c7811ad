/** The smallest pieces: skeletons, badges, avatars, copy fields, empty states, keys. */

import { Fragment, useEffect, useState, type ReactNode } from "react";
import { m } from "../i18n";
import { initials } from "../format/address";
import { announce } from "./announce";
import { classNames } from "./Button";
import { Icon, type IconName } from "./Icon";
import styles from "./bits.module.css";

export function Skeleton({ width = "100%", height = 14 }: { width?: number | string; height?: number | string }) {
  return <span className={styles.skeleton} style={{ width, height }} aria-hidden="true" />;
}

export type Tone = "plain" | "ok" | "warn" | "danger" | "accent";

export function Badge({ tone = "plain", icon, children }: { tone?: Tone; icon?: IconName; children: ReactNode }) {
  return (
    <span className={classNames(styles.badge, tone !== "plain" && styles[tone])}>
      {icon && <Icon name={icon} size={13} />}
      <span className={styles.badgeWords}>{children}</span>
    </span>
  );
}

/** The same person always has the same hue. */
function hueOf(text: string): number {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}

export function Avatar({ name, size = 28 }: { name: string; size?: number }) {
  const hue = hueOf(name);
  return (
    <span
      className={styles.avatar}
      aria-hidden="true"
      data-initials={initials(name)}
      style={{
        width: size,
        height: size,
        fontSize: Math.round(size * 0.38),
        background: `light-dark(hsl(${hue} 45% 90%), hsl(${hue} 25% 24%))`,
        color: `light-dark(hsl(${hue} 55% 26%), hsl(${hue} 55% 84%))`,
      }}
    />
  );
}

/** An address or URL that breaks where its parts meet, and never within a word. */
export function Breakable({ text }: { text: string }) {
  const parts = text.split(/(?<=[@._\-+/?&=])/);
  return parts.map((part, index) => (
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

export function EmptyState(props: { icon: IconName; title: string; text?: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <Icon name={props.icon} size={30} />
      <h2>{props.title}</h2>
      {props.text && <p>{props.text}</p>}
      {props.children && <div className={styles.emptyActions}>{props.children}</div>}
    </div>
  );
}

/** What fits beside its button on a phone. */
const SHORT_CHARS_MAX = 40;

/** Text to take elsewhere: selectable, whole, with a button that copies it. */
export function CopyField({ value, label }: { value: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <div className={classNames(styles.copy, value.length > SHORT_CHARS_MAX && styles.long)}>
      <code>
        <Breakable text={value} />
      </code>
      <button
        type="button"
        aria-label={`${m.copy}: ${label}`}
        onClick={() => {
          void copyText(value).then((done) => {
            setCopied(done);
            if (done) announce(m.copied);
          });
        }}
      >
        <Icon name={copied ? "check" : "copy"} size={15} />
        {copied ? m.copied : m.copy}
      </button>
    </div>
  );
}

/** The clipboard API needs a secure origin; plain http on a local network has only the old way. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("aria-hidden", "true");
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className={styles.kbd}>{children}</kbd>;
}
