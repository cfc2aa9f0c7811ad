/**
 * The dashboard's journeys in a real Chromium, against a real server.
 *
 *   POSTROOM_BINARY=…/postroom node web/e2e/run.mjs [part of a journey's name …]
 *
 * Or against one that runs: POSTROOM_URL, POSTROOM_SMTP_ADDR, POSTROOM_SIGN_IN_EMAIL, POSTROOM_SIGN_IN_PASSWORD and
 * POSTROOM_API_KEY. A journey that fails leaves a screenshot. The last line is the result.
 */

import os from "node:os";
import path from "node:path";
import { Context, launchBrowser } from "./context.mjs";
import { journeys } from "./journeys/index.mjs";
import { startServer } from "./server.mjs";

const JOURNEY_MS_MAX = 180_000;

async function withinTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took more than ${JOURNEY_MS_MAX} ms`)), JOURNEY_MS_MAX);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function runJourney(server, browser, { name, run }) {
  const context = new Context(server, browser);
  const began = Date.now();
  try {
    await withinTime(run(context));
    console.log(`ok      ${name} (${Date.now() - began} ms)`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name}\n${error.stack}\n${await context.told()}`);
    const file = path.join(os.tmpdir(), `journey-${name.replaceAll(/\W+/g, "-")}.png`);
    await context.lastPage?.screenshot({ path: file }).then(
      () => console.log(`        screenshot: ${file}`),
      () => undefined,
    );
    return false;
  } finally {
    await context.close();
  }
}

async function main() {
  const wanted = process.argv.slice(2);
  const chosen = journeys.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  if (chosen.length === 0) throw new Error(`no journey is named like ${wanted.join(", ")}`);
  const server = await startServer();
  let failed = 0;
  let browser;
  try {
    browser = await launchBrowser();
    for (const journey of chosen) {
      if (!(await runJourney(server, browser, journey))) failed += 1;
    }
  } finally {
    await browser?.close();
    await server.stop();
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error) => {
  console.error(error);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
});
