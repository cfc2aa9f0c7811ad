/** Images within a text: shown from their upload while it is written, sent as parts of the mail that it refers to. Pure. */

import { uploads } from "../api/endpoints";
import type { DraftFile } from "../api/types";

/** The HTML with `cid:` in place of uploads, and the files without images that were deleted from the text. */
export function withContentIds(html: string, files: DraftFile[]): { html: string; files: DraftFile[] } {
  let written = html;
  const kept = files.filter((file) => {
    if (!file.contentId) return true;
    const shown = `src="${uploads.url(file.uploadId)}"`;
    if (!written.includes(shown)) return false;
    written = written.replaceAll(shown, `src="cid:${file.contentId}"`);
    return true;
  });
  return { html: written, files: kept };
}
