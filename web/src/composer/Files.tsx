/** The files attached to what is being written: added by button, drop or paste; kept while the page lives. */

import { useCallback, useRef, useState, useSyncExternalStore, type DragEvent } from "react";
import { formatBytes } from "../format/size";
import { m } from "../i18n";
import { iconFor } from "../conversations/Attachments";
import { IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { toast } from "../ui/toast";
import { addFiles, ATTACHMENTS_BYTES_MAX, heldFiles } from "./attachments";
import styles from "./Composer.module.css";

export function useFiles(key: string, onNames: (names: string[]) => void) {
  const files = useSyncExternalStore(heldFiles.subscribe, () => heldFiles.get(key));
  const set = useCallback(
    (next: File[]) => {
      heldFiles.set(key, next);
      onNames(next.map((file) => file.name));
    },
    [key, onNames],
  );
  const add = (added: File[]) => {
    const result = addFiles(files, added);
    for (const file of result.refused) {
      toast(m.composer.tooLarge(file.name, formatBytes(ATTACHMENTS_BYTES_MAX)), { tone: "danger" });
    }
    if (result.files.length > files.length) set(result.files);
  };
  return { files, add, set };
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

export function FileChips({ files, onRemove }: { files: File[]; onRemove: (file: File) => void }) {
  if (files.length === 0) return null;
  return (
    <ul className={styles.files} aria-label={m.message.attachments(files.length)}>
      {files.map((file) => (
        <li key={`${file.name} ${file.size} ${file.lastModified}`} className={styles.file}>
          <Icon name={iconFor(file.type, file.name)} size={15} />
          <span>{file.name}</span>
          <small>{formatBytes(file.size)}</small>
          <button type="button" aria-label={m.composer.removeAttachment(file.name)} onClick={() => onRemove(file)}>
            <Icon name="close" size={12} />
          </button>
        </li>
      ))}
    </ul>
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
