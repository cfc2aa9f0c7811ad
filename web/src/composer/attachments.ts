/** Files on their way into a message: uploaded as soon as they are chosen, so that sending waits for none of them. Owns the limit on
 * all of them together. */

import { uploads } from "../api/endpoints";
import { asProblem } from "../api/problem";
import type { DraftFile, OutgoingAttachment } from "../api/types";
import { loadDraft, saveDraft } from "./drafts";

/** All attachments of one message, bytes: base64 makes a third more of them, and the mail may have 50 MiB. */
export const ATTACHMENTS_BYTES_MAX = 35 * 1024 * 1024;

/** A file that is not there yet. */
export type PendingFile = { id: number; file: File; sentBytes: number; failed: string | null; cancel: () => void };

const pending = new Map<string, PendingFile[]>();
const NONE: PendingFile[] = [];
const listeners = new Set<() => void>();
let lastId = 0;

function set(key: string, files: PendingFile[]): void {
  if (files.length) pending.set(key, files);
  else pending.delete(key);
  for (const listener of listeners) listener();
}

function change(key: string, id: number, by: Partial<PendingFile>): void {
  set(key, pendingFiles.get(key).map((each) => (each.id === id ? { ...each, ...by } : each)));
}

/** They go on while the page shows another conversation. */
export const pendingFiles = {
  get: (key: string): PendingFile[] => pending.get(key) ?? NONE,
  remove: (key: string, id: number): void => set(key, pendingFiles.get(key).filter((each) => each.id !== id)),
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** Returns once no file of the draft is on its way any more. False where one has failed: it is not in the draft. */
export async function uploadsDone(key: string): Promise<boolean> {
  while (pendingFiles.get(key).some((file) => file.failed === null)) {
    await new Promise<void>((resolve) => {
      const stop = pendingFiles.subscribe(() => {
        stop();
        resolve();
      });
    });
  }
  return pendingFiles.get(key).length === 0;
}

/** `refused`: too much with what is there already. `empty`: has nothing in it, which the server does not take. */
export function fitting(presentBytes: number, added: File[]): { files: File[]; refused: File[]; empty: File[] } {
  const files: File[] = [];
  const refused: File[] = [];
  const empty: File[] = [];
  let bytes = presentBytes;
  for (const file of added) {
    if (file.size === 0) {
      empty.push(file);
    } else if (bytes + file.size > ATTACHMENTS_BYTES_MAX) {
      refused.push(file);
    } else {
      bytes += file.size;
      files.push(file);
    }
  }
  return { files, refused, empty };
}

export function bytesAt(key: string): number {
  const there = loadDraft(key).files.reduce((sum, file) => sum + file.size, 0);
  return pendingFiles.get(key).reduce((sum, { file }) => sum + file.size, there);
}

/** Uploads a file and puts it into the draft. Answers it, or null where that failed or was broken off: then it is shown as such. */
export async function uploadInto(key: string, file: File, contentId?: string): Promise<DraftFile | null> {
  lastId += 1;
  const id = lastId;
  const abort = new AbortController();
  const cancel = () => {
    abort.abort();
    pendingFiles.remove(key, id);
  };
  set(key, [...pendingFiles.get(key), { id, file, sentBytes: 0, failed: null, cancel }]);
  try {
    const upload = await uploads.add(file, (sentBytes) => change(key, id, { sentBytes }), abort.signal);
    const { id: uploadId, filename, contentType, size } = upload;
    const kept: DraftFile = { uploadId, filename, contentType, size, ...(contentId ? { contentId } : {}) };
    pendingFiles.remove(key, id);
    const draft = loadDraft(key);
    saveDraft(key, { ...draft, files: [...draft.files, kept] }, Date.now());
    return kept;
  } catch (error) {
    if (!abort.signal.aborted) change(key, id, { failed: asProblem(error).message });
    return null;
  }
}

export function attachmentsOf(files: DraftFile[]): OutgoingAttachment[] | undefined {
  const attachments = files.map(({ uploadId, filename, contentType, contentId }) => ({ uploadId, filename, contentType, contentId: contentId ?? undefined }));
  return attachments.length ? attachments : undefined;
}
