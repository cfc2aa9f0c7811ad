/** What came with a mail, by name, kind and size. Images that the text shows in place are not listed again. */

import { lazy, Suspense, useState } from "react";
import type { Attachment } from "../api/types";
import { formatBytes } from "../format/size";
import { m } from "../i18n";
import { Icon, type IconName } from "../ui/Icon";
import styles from "./Message.module.css";
import { isRaster, pathHere, previewKind } from "./previewKind";

const AttachmentPreview = lazy(() => import("./AttachmentPreview"));

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
  const [shown, setShown] = useState<string | null>(null);
  const listed = attachments.filter((each) => each.disposition !== "inline" || !each.contentId);
  if (listed.length === 0) return null;
  const previews = listed.filter((each) => previewKind(each) !== null);
  return (
    <>
      <ul className={styles.attachments} aria-label={m.message.attachments(listed.length)}>
        {listed.map((attachment) => (
          <li key={attachment.id}>
            <Item attachment={attachment} onPreview={() => setShown(attachment.id)} />
          </li>
        ))}
      </ul>
      {shown !== null && (
        <Suspense fallback={null}>
          <AttachmentPreview attachments={previews} shown={shown} onShow={setShown} onClose={() => setShown(null)} />
        </Suspense>
      )}
    </>
  );
}

function Item({ attachment, onPreview }: { attachment: Attachment; onPreview: () => void }) {
  /** It says that it is an image, and is none. */
  const [broken, setBroken] = useState(false);
  const name = attachment.filename ?? m.message.unnamed;
  const size = formatBytes(attachment.size);
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
  const href = pathHere(attachment.url);
  const look = (
    <>
      {isRaster(attachment.contentType) && !broken ? (
        <img className={styles.thumb} src={href} alt="" loading="lazy" onError={() => setBroken(true)} />
      ) : (
        <Icon name={iconFor(attachment.contentType, name)} size={22} />
      )}
      <span>
        <b>{name}</b>
        <small>{size}</small>
      </span>
    </>
  );
  const download = { href, download: name, title: m.message.download(name, size), "aria-label": m.message.download(name, size) };
  if (previewKind(attachment) === null) {
    return (
      <a className={styles.attachment} {...download}>
        {look}
        <span className={styles.fetch}>
          <Icon name="download" size={16} />
        </span>
      </a>
    );
  }
  return (
    <div className={styles.attachment}>
      <button type="button" className={styles.look} title={name} onClick={onPreview}>
        <span className="visually-hidden">{m.message.lookAt} </span>
        {look}
      </button>
      <a className={styles.fetch} {...download}>
        <Icon name="download" size={16} />
      </a>
    </div>
  );
}
