/** Reads every mail of a folder with mailparser or postal-mime: structure, fields, bodies, attachments decoded. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [, , library, modules, folder, rounds] = process.argv;
const require = createRequire(path.join(modules, "package.json"));
const mails = readdirSync(folder).map((name) => readFileSync(path.join(folder, name)));

async function reader() {
  if (library === "mailparser") {
    const { simpleParser } = require("mailparser");
    return (raw) => simpleParser(raw);
  }
  const { default: PostalMime } = await import(require.resolve("postal-mime"));
  return (raw) => (PostalMime.parse ?? PostalMime.default.parse)(raw);
}

const read = await reader();
let seen = 0;
async function all() {
  for (const raw of mails) {
    try {
      const mail = await read(raw);
      seen += (mail.text ?? "").length + (mail.attachments ?? []).length;
    } catch {
      // What it refuses.
    }
  }
}
await all();
const started = performance.now();
for (let round = 0; round < Number(rounds); round++) await all();
const seconds = (performance.now() - started) / 1000;
const bytes = mails.reduce((sum, raw) => sum + raw.length, 0) * Number(rounds);
console.log(JSON.stringify({ messages: mails.length * Number(rounds), bytes, seconds, seen }));
