/** Files on their way into a message. Owns their encoding and the limit on all of them together. */

import type { OutgoingAttachment } from "../api/types";

/** All attachments of one message, bytes: base64 makes a third more of them, and the mail may have 50 MiB. */
export const ATTACHMENTS_BYTES_MAX = 35 * 1024 * 1024;

/** Chunks of this many bytes become text at once; a multiple of three, so that they join. */
const CHUNK_BYTES = 3 * 8 * 1024;

/** Kept while the page lives, so that changing the conversation loses no file. */
const held = new Map<string, File[]>();
const NO_FILES: File[] = [];
const listeners = new Set<() => void>();

export const heldFiles = {
  get: (key: string): File[] => held.get(key) ?? NO_FILES,
  set: (key: string, files: File[]): void => {
    if (files.length) held.set(key, files);
    else held.delete(key);
    for (const listener of listeners) listener();
  },
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export function addFiles(present: File[], added: File[]): { files: File[]; refused: File[] } {
  const files = [...present];
  const refused: File[] = [];
  let bytes = files.reduce((sum, file) => sum + file.size, 0);
  for (const file of added) {
    if (bytes + file.size > ATTACHMENTS_BYTES_MAX) {
      refused.push(file);
    } else {
      bytes += file.size;
      files.push(file);
    }
  }
  return { files, refused };
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES)));
  }
  return text;
}

export class UnreadableFile extends Error {
  constructor(readonly filename: string) {
    super(filename);
  }
}

export async function encodeFiles(files: File[]): Promise<OutgoingAttachment[]> {
  return Promise.all(
    files.map(async (file) => {
      const buffer = await file.arrayBuffer().catch(() => {
        throw new UnreadableFile(file.name);
      });
      return {
        filename: file.name,
        content: toBase64(new Uint8Array(buffer)),
        contentType: file.type || "application/octet-stream",
      };
    }),
  );
}
