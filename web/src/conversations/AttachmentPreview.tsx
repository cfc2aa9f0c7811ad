/** An attachment to look at without leaving the conversation: an image, a PDF or a text, and from there to the next one. */

import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { requestBytes } from "../api/request";
import { asProblem } from "../api/problem";
import type { Attachment } from "../api/types";
import { formatBytes } from "../format/size";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import { buttonLook, IconButton } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./AttachmentPreview.module.css";
import { pathHere, previewKind } from "./previewKind";

const PdfPages = lazy(() => import("./PdfPages"));

type Props = { attachments: Attachment[]; shown: string; onShow: (id: string) => void; onClose: () => void };

export default function AttachmentPreview({ attachments, shown, onShow, onClose }: Props) {
  const at = attachments.findIndex((each) => each.id === shown);
  const attachment = attachments[at];
  const [before, after] = [attachments[at - 1], attachments[at + 1]];

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const next = event.key === "ArrowLeft" ? before : event.key === "ArrowRight" ? after : undefined;
      if (!next || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      onShow(next.id);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [before, after, onShow]);

  if (!attachment?.url) return null;
  const name = attachment.filename ?? m.message.unnamed;
  const size = formatBytes(attachment.size);
  const href = pathHere(attachment.url);
  return (
    <Dialog title={name} onClose={onClose} wide>
      <div className={styles.shown}>
        <Shown key={attachment.id} attachment={attachment} href={href} name={name} />
      </div>
      <DialogActions>
        {attachments.length > 1 && (
          <span className={styles.steps}>
            <IconButton icon="back" label={m.message.previousFile} shortcut="←" disabled={!before} onClick={() => before && onShow(before.id)} />
            <span aria-live="polite">{m.message.fileOf(at + 1, attachments.length)}</span>
            <IconButton icon="right" label={m.message.nextFile} shortcut="→" disabled={!after} onClick={() => after && onShow(after.id)} />
          </span>
        )}
        <a className={buttonLook({})} href={href} download={name} aria-label={m.message.download(name, size)}>
          {m.message.downloadIt}
        </a>
      </DialogActions>
    </Dialog>
  );
}

function Shown({ attachment, href, name }: { attachment: Attachment; href: string; name: string }) {
  const kind = previewKind(attachment);
  const isRead = kind === "pdf" || kind === "text";
  const bytes = useQuery({
    queryKey: ["attachment", attachment.id],
    queryFn: ({ signal }) => requestBytes(href, signal),
    staleTime: Infinity,
    gcTime: 60_000,
    enabled: isRead && attachment.size > 0,
  });
  const [broken, setBroken] = useState(false);
  if (attachment.size === 0) return <p className={styles.none}>{m.message.emptyFile}</p>;
  if (broken) return <p className={styles.none}>{m.message.previewFailed}</p>;
  if (kind === "image") return <img className={styles.image} src={href} alt={name} onError={() => setBroken(true)} />;
  if (bytes.isError) {
    return <ProblemNotice title={m.message.previewFailed} problem={asProblem(bytes.error)} onRetry={() => void bytes.refetch()} />;
  }
  if (!bytes.data) return <Skeleton height={320} />;
  if (kind === "text") {
    return (
      <pre className={styles.text} tabIndex={0} aria-label={name}>
        {new TextDecoder().decode(bytes.data)}
      </pre>
    );
  }
  return (
    <Suspense fallback={<Skeleton height={320} />}>
      <PdfPages bytes={bytes.data} name={name} />
    </Suspense>
  );
}
