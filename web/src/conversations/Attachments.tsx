/** What came with a mail, by name, kind and size. Images that the text shows in place are not listed again. */

import type { Attachment } from "../api/types";
import { formatBytes } from "../format/size";
import { m } from "../i18n";
import { Icon, type IconName } from "../ui/Icon";
import styles from "./Message.module.css";

const RASTER = /^image\/(png|jpeg|gif|webp|bmp)$/;

export function iconFor(contentType: string, filename: string): IconName {
  if (contentType.startsWith("image/")) return "image";
  if (contentType === "application/pdf") return "pdf";
  if (contentType === "message/rfc822") return "mail";
  if (contentType === "text/calendar") return "calendar";
  if (/sheet|excel|csv/.test(contentType) || /\.(xlsx?|ods|csv)$/i.test(filename)) return "sheet";
  if (/zip|compressed|tar|gzip/.test(contentType)) return "zip";
  return "file";
}

export function Attachments({ attachments }: { attachments: Attachment[] }) {
  const listed = attachments.filter((each) => each.disposition !== "inline" || !each.contentId);
  if (listed.length === 0) return null;
  return (
    <ul className={styles.attachments} aria-label={m.message.attachments(listed.length)}>
      {listed.map((attachment) => (
        <li key={attachment.id}>
          <Item attachment={attachment} />
        </li>
      ))}
    </ul>
  );
}

/** The signed address may carry another host (a public URL behind a proxy); the path works on this one too. */
function here(url: string): string {
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
}

function Item({ attachment }: { attachment: Attachment }) {
  const name = attachment.filename ?? m.message.unnamed;
  const size = formatBytes(attachment.size);
  const icon = <Icon name={iconFor(attachment.contentType, name)} size={22} />;
  if (attachment.withheld || attachment.url == null) {
    return (
      <div className={styles.attachment}>
        <Icon name="warning" size={22} />
        <span>
          <b>{name}</b>
          <small>
            {size}
            {attachment.withheld && ` · ${m.message.withheld[attachment.withheld]}`}
          </small>
        </span>
      </div>
    );
  }
  const href = here(attachment.url);
  return (
    <a
      className={styles.attachment}
      href={href}
      download={name}
      title={name}
      aria-label={m.message.download(name, size)}
    >
      {RASTER.test(attachment.contentType) ? (
        <img className={styles.thumb} src={href} alt="" loading="lazy" />
      ) : (
        icon
      )}
      <span>
        <b>{name}</b>
        <small>{size}</small>
      </span>
    </a>
  );
}
