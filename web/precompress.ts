/** Beside every script and sheet of a build the same with Brotli, as small as it gets: the server hands it on as it is (assets.rs). */

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import type { Plugin } from "vite";

/** Smaller ones fit a packet anyway. */
const BYTES_MIN = 1_024;

export function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    writeBundle: {
      order: "post",
      async handler({ dir }, bundle) {
        if (!dir) throw new Error("the build has no folder");
        for (const name of Object.keys(bundle).filter((each) => /\.(m?js|css|svg)$/.test(each))) {
          const content = await readFile(path.join(dir, name));
          if (content.length < BYTES_MIN) continue;
          const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
          await writeFile(path.join(dir, `${name}.br`), await promisify(brotliCompress)(content, { params }));
        }
      },
    },
  };
}
