/**
 * What a first visit loads. main.ts settles the language and then loads start.tsx, which asks who is there; whoever is signed in gets
 * Workspace.tsx. Here each of them is kept in one file that comes down while the language does, and the whole of it stays below a
 * limit. signed-in.html is index.html for who brings a session's cookie: the workspace comes down at once, too.
 */

import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** Scripts and styles of the first visit as they go over the wire, in bytes. */
const FIRST_LOAD_BYTES_MAX = 250_000;

const MAIN = "/src/main.ts";
const START = "/src/start.tsx";
const WORKSPACE = "/src/Workspace.tsx";

const PAGE = "index.html";
/** Known to the server (assets.rs). */
const SIGNED_IN_PAGE = "signed-in.html";

type Context = { getModuleInfo: (id: string) => { importedIds: readonly string[] } | null };

/** Every module that is loaded with this one. */
function loadedWith(entry: string, context: Context): Set<string> {
  const found = new Set([entry]);
  for (const id of found) for (const imported of context.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  return found;
}

/** For `codeSplitting`: a file for what the language is settled by, for what start.tsx needs, and for what the workspace needs beside
 * that; the pages that come later are as they fall. */
export function firstLoadGroups(root: string) {
  let sets: { settling: Set<string>; starting: Set<string>; working: Set<string> } | null = null;
  return [
    {
      debugName: "first load",
      name: (id: string, context: Context) => {
        sets ??= {
          settling: loadedWith(root + MAIN, context),
          starting: loadedWith(root + START, context),
          working: loadedWith(root + WORKSPACE, context),
        };
        if (sets.settling.has(id)) return "main";
        if (sets.starting.has(id)) return "start";
        return sets.working.has(id) ? "workspace" : null;
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

const isSheet = (name: string) => name.endsWith(".css");

/** The page with links to files. What theme.js reads stands before it, and no sheet does: the script would wait for it. */
function withLinks(html: string, metas: string[], names: string[]): string {
  const script = '<script src="/theme.js">';
  if (!html.includes(script) || !html.includes("</head>")) throw new Error(`${PAGE} has no head with theme.js in it`);
  const wanted = names.filter((name) => !html.includes(name));
  const modules = wanted.filter((name) => !isSheet(name)).map((name) => `<link rel="modulepreload" crossorigin href="/${name}">`);
  const sheets = wanted.filter(isSheet).map((name) => `  <link rel="stylesheet" crossorigin href="/${name}">\n  `);
  const before = [...metas, ...modules, script].join("\n    ");
  return html.replace(script, before).replace("</head>", `${sheets.join("")}</head>`);
}

/** Writes links to it into index.html, makes signed-in.html, and fails the build where it is too large. */
export function firstLoad(languages: string[]): Plugin {
  return {
    name: "first-load",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const page = bundle[PAGE];
        if (page?.type !== "asset") throw new Error(`there is no ${PAGE}`);
        const html = String(page.source);
        const files = (modules: string[]) => {
          const chunks = withImports(bundle, modules.flatMap((module) => chunksOf(bundle, module)));
          const sheets = chunks.flatMap((chunk) => [...(chunk.viteMetadata?.importedCss ?? [])]);
          return new Set([...chunks.map((chunk) => chunk.fileName), ...sheets]);
        };
        const first = files([MAIN, START]);
        const workspace = [...files([WORKSPACE])].filter((name) => !first.has(name));
        const texts = languages.map((each) => [each, chunksOf(bundle, `/src/i18n/${each}/index.ts`)[0]?.fileName ?? ""] as const);
        const bytes = [...first, ...workspace].reduce((sum, name) => sum + bytesOf(bundle, name), 0);
        const all = bytes + Math.max(...texts.map(([, name]) => bytesOf(bundle, name)));
        if (all > FIRST_LOAD_BYTES_MAX) throw new Error(`a first visit loads ${all} bytes, more than ${FIRST_LOAD_BYTES_MAX}`);
        console.log(`a first visit loads ${all} of ${FIRST_LOAD_BYTES_MAX} bytes`);
        // Which of them is spoken theme.js knows.
        const metas = texts.map(([language, name]) => `<meta name="texts-${language}" content="/${name}">`);
        page.source = withLinks(html, metas, [...first]);
        const source = withLinks(html, [...metas, '<meta name="signed-in">'], [...first, ...workspace]);
        this.emitFile({ type: "asset", fileName: SIGNED_IN_PAGE, source });
      },
    },
  };
}
