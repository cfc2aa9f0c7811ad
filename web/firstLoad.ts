/**
 * What a first visit loads. main.ts settles the language and then loads start.tsx, which is all the rest: here it is kept in one
 * file, it comes down while the language does, and the whole of it stays below a limit.
 */

import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** Scripts and styles of the first visit as they go over the wire, in bytes. */
const FIRST_LOAD_BYTES_MAX = 250_000;

const MAIN = "/src/main.ts";
const START = "/src/start.tsx";

type Context = { getModuleInfo: (id: string) => { importedIds: readonly string[] } | null };

/** Every module that is loaded with this one. */
function loadedWith(entry: string, context: Context): Set<string> {
  const found = new Set([entry]);
  for (const id of found) for (const imported of context.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  return found;
}

/** For `codeSplitting`: one file for what the language is settled by, one for what start.tsx needs; the pages that come later are as they fall. */
export function firstLoadGroups(root: string) {
  let sets: { settling: Set<string>; starting: Set<string> } | null = null;
  return [
    {
      debugName: "first load",
      name: (id: string, context: Context) => {
        sets ??= { settling: loadedWith(root + MAIN, context), starting: loadedWith(root + START, context) };
        if (sets.settling.has(id)) return "main";
        return sets.starting.has(id) ? "start" : null;
      },
    },
  ];
}

type Bundle = Rolldown.OutputBundle;

/** The file that a module is in, and the one it is known by where that is another. */
function chunksOf(bundle: Bundle, module: string): Rolldown.OutputChunk[] {
  const found = Object.values(bundle).filter(
    (file) => file.type === "chunk" && [file.facadeModuleId ?? "", ...file.moduleIds].some((id) => id.endsWith(module)),
  );
  if (found.length === 0) throw new Error(`${module} is in no chunk`);
  return found as Rolldown.OutputChunk[];
}

/** They, and all they import. */
function withImports(bundle: Bundle, chunks: Rolldown.OutputChunk[]): Rolldown.OutputChunk[] {
  const found = new Set(chunks);
  for (const { imports } of found) {
    for (const name of imports) {
      const file = bundle[name];
      if (file?.type === "chunk") found.add(file);
    }
  }
  return [...found];
}

function bytesOf(bundle: Bundle, name: string): number {
  const file = bundle[name];
  if (!file) throw new Error(`there is no ${name}`);
  return gzipSync(file.type === "chunk" ? file.code : file.source).length;
}

/** Puts links to it into index.html, and fails the build where it is too large. */
export function firstLoad(languages: string[]): Plugin {
  return {
    name: "first-load",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle }) {
        if (!bundle) return undefined;
        const chunks = withImports(bundle, [MAIN, START].flatMap((module) => chunksOf(bundle, module)));
        const scripts = new Set(chunks.map((chunk) => chunk.fileName));
        const sheets = new Set(chunks.flatMap((chunk) => [...(chunk.viteMetadata?.importedCss ?? [])]));
        const texts = languages.flatMap((each) => chunksOf(bundle, `/src/i18n/${each}/index.ts`).map((chunk) => chunk.fileName));
        const bytes = [...scripts, ...sheets].reduce((sum, name) => sum + bytesOf(bundle, name), 0);
        const all = bytes + Math.max(...texts.map((name) => bytesOf(bundle, name)));
        if (all > FIRST_LOAD_BYTES_MAX) throw new Error(`a first visit loads ${all} bytes, more than ${FIRST_LOAD_BYTES_MAX}`);
        console.log(`a first visit loads ${all} of ${FIRST_LOAD_BYTES_MAX} bytes`);
        const links = [
          ...[...scripts].map((name) => ({ rel: "modulepreload", name })),
          ...[...sheets].map((name) => ({ rel: "stylesheet", name })),
        ];
        return links
          .filter(({ name }) => !html.includes(name))
          .map(({ rel, name }) => ({ tag: "link", attrs: { rel, crossorigin: true, href: `/${name}` }, injectTo: "head" as const }));
      },
    },
  };
}
