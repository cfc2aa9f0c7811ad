/** Which attachments can be looked at in place, and how. Pure. */

import type { Attachment } from "../api/types";

export type PreviewKind = "image" | "pdf" | "text";

const RASTER = /^image\/(png|jpeg|gif|webp|bmp)$/;
const TEXT = /^(text\/(plain|csv|markdown|x-log)|application\/json)$/;

/** Bytes of a file that is looked at; larger ones are for programs of their own. */
const BYTES_MAX: Record<PreviewKind, number> = { image: 25 * 1024 * 1024, pdf: 25 * 1024 * 1024, text: 2 * 1024 * 1024 };

export function isRaster(contentType: string): boolean {
  return RASTER.test(contentType);
}

function kindOf({ contentType, filename }: Pick<Attachment, "contentType" | "filename">): PreviewKind | null {
  const type = contentType.toLowerCase();
  if (isRaster(type)) return "image";
  // Many programs call every file a stream of bytes.
  if (type === "application/pdf" || (type === "application/octet-stream" && /\.pdf$/i.test(filename ?? ""))) return "pdf";
  return TEXT.test(type) ? "text" : null;
}

export function previewKind(attachment: Attachment): PreviewKind | null {
  if (attachment.withheld || attachment.url == null) return null;
  const kind = kindOf(attachment);
  return kind && attachment.size <= BYTES_MAX[kind] ? kind : null;
}

/** The signed address may carry another host (a public URL behind a proxy); the path works on this one too. */
export function pathHere(url: string): string {
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
}
