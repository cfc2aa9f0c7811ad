/** The files attached to what is being written: added by button, drop or paste, uploaded at once. */

import { useCallback, useRef, useState, useSyncExternalStore, type DragEvent } from "react";
import { uploads } from "../api/endpoints";
import type { DraftFile } from "../api/types";
import { iconFor } from "../conversations/Attachments";
import { formatBytes } from "../format/size";
import { m } from "../i18n";
import { IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { toast } from "../ui/toast";
import { ATTACHMENTS_BYTES_MAX, bytesAt, fitting, pendingFiles, uploadInto, type PendingFile } from "./attachments";
import styles from "./Composer.module.css";

/** What fits is uploaded; what does not is said. Answers what was put into the draft. */
export function useFiles(key: string) {
  const pending = useSyncExternalStore(pendingFiles.subscribe, () => pendingFiles.get(key));
  const add = useCallback(
    (added: File[], contentId?: string): Promise<(DraftFile | null)[]> => {
      const { files, refused, empty } = fitting(bytesAt(key), added);
      for (const file of refused) {
        toast(m.composer.tooLarge(file.name, formatBytes(ATTACHMENTS_BYTES_MAX)), { tone: "danger" });
      }
      for (const file of empty) toast(m.composer.emptyFile(file.name), { tone: "danger" });
      return Promise.all(files.map((file) => uploadInto(key, file, contentId)));
    },
    [key],
  );
  return { pending, add };
}

export function useDropZone(onFiles: (files: File[]) => void) {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const carriesFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return {
    over,
    handlers: {
      onDragEnter: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        depth.current += 1;
        setOver(true);
      },
      onDragLeave: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        depth.current -= 1;
        if (depth.current <= 0) setOver(false);
      },
      onDragOver: (event: DragEvent) => {
        if (carriesFiles(event)) event.preventDefault();
      },
      onDrop: (event: DragEvent) => {
        depth.current = 0;
        setOver(false);
        // The editor has taken it already.
        if (event.defaultPrevented || !carriesFiles(event)) return;
        event.preventDefault();
        onFiles([...event.dataTransfer.files]);
      },
    },
  };
}

type ChipsProps = { files: DraftFile[]; pending: PendingFile[]; onRemove: (file: DraftFile) => void; onRetry: (file: PendingFile) => void };

export function FileChips({ files, pending, onRemove, onRetry }: ChipsProps) {
  // Images within the text are taken away there.
  const listed = files.filter((file) => !file.contentId);
  if (listed.length + pending.length === 0) return null;
  return (
    <ul className={styles.files} aria-label={m.message.attachments(listed.length + pending.length)}>
      {listed.map((file) => (
        <li key={file.uploadId} className={styles.file}>
          <Icon name={iconFor(file.contentType, file.filename)} size={15} />
          <a href={uploads.url(file.uploadId)} target="_blank" rel="noopener noreferrer" title={file.filename}>
            {file.filename}
          </a>
          <small>{formatBytes(file.size)}</small>
          <button type="button" aria-label={m.composer.removeAttachment(file.filename)} onClick={() => onRemove(file)}>
            <Icon name="close" size={12} />
          </button>
        </li>
      ))}
      {pending.map((file) => (
        <PendingChip key={file.id} file={file} onRetry={() => onRetry(file)} />
      ))}
    </ul>
  );
}

function PendingChip({ file: { file, sentBytes, failed, cancel }, onRetry }: { file: PendingFile; onRetry: () => void }) {
  return (
    <li className={styles.file} data-failed={failed ? true : undefined}>
      <Icon name={iconFor(file.type, file.name)} size={15} />
      <span className={styles.fileName} title={file.name}>
        {file.name}
      </span>
      {failed ? (
        <>
          <span role="alert">{m.composer.uploadFailed(failed)}</span>
          <button type="button" className={styles.fileRetry} onClick={onRetry}>
            {m.retry}
          </button>
        </>
      ) : (
        <progress aria-label={m.composer.uploading(file.name)} value={sentBytes} max={Math.max(file.size, 1)} />
      )}
      <button type="button" aria-label={m.composer.removeAttachment(file.name)} onClick={cancel}>
        <Icon name="close" size={12} />
      </button>
    </li>
  );
}

export function AttachButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <IconButton icon="clip" label={m.composer.attach} onClick={() => input.current?.click()} />
    </>
  );
}
