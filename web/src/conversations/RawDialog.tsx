/** The mail as it came over the wire: text only, never interpreted. */

import { useQuery } from "@tanstack/react-query";
import { messages } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import { Dialog, DialogActions } from "../ui/Dialog";
import { ProblemNotice } from "../ui/ProblemNotice";
import { buttonLook } from "../ui/Button";
import styles from "./Message.module.css";

/** A 50 MB mail would stop the browser; the download is whole. */
const SHOWN_CHARS_MAX = 400_000;

export function RawText({ messageId }: { messageId: string }) {
  const raw = useQuery({
    queryKey: keys.raw(messageId),
    queryFn: ({ signal }) => messages.raw(messageId, signal),
    staleTime: Infinity,
  });
  if (raw.isPending) return <Skeleton height={320} />;
  if (raw.isError) {
    return (
      <ProblemNotice title={m.message.rawFailed} problem={asProblem(raw.error)} onRetry={() => void raw.refetch()} />
    );
  }
  const cut = raw.data.length > SHOWN_CHARS_MAX;
  return (
    <pre className={styles.raw} tabIndex={0} aria-label={m.message.rawTitle}>
      {cut ? `${raw.data.slice(0, SHOWN_CHARS_MAX)}\n…` : raw.data}
    </pre>
  );
}

export function RawDialog({ messageId, onClose }: { messageId: string; onClose: () => void }) {
  return (
    <Dialog title={m.message.rawTitle} onClose={onClose} wide>
      <RawText messageId={messageId} />
      <DialogActions>
        <a className={buttonLook({})} href={messages.rawUrl(messageId)} download={`${messageId}.eml`}>
          {m.message.rawDownload}
        </a>
      </DialogActions>
    </Dialog>
  );
}
