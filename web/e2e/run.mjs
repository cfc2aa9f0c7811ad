/**
 * The dashboard's journeys in a real Chromium, against a real server.
 *
 *   POSTROOM_BINARY=…/postroom node web/e2e/run.mjs [part of a journey's name …]
 *
 * Two run at once, each with a server and a browser of its own; JOURNEYS_AT_ONCE is another number.
 * Or against one that runs: POSTROOM_URL, POSTROOM_SMTP_ADDR, POSTROOM_SIGN_IN_EMAIL, POSTROOM_SIGN_IN_PASSWORD and
 * POSTROOM_API_KEY; they run one after the other then. JOURNEYS_SLOWED=4 has pages run at a quarter of the machine's speed. A journey
 * that fails leaves a screenshot. With CI set it runs once more, and is told of as flaky if it passes then. The last line is the result.
 */

import os from "node:os";
import path from "node:path";
import { Context, launchBrowser } from "./context.mjs";
import { journeys } from "./journeys/index.mjs";
import { startServer } from "./server.mjs";

const JOURNEY_MS_MAX = 180_000;
/** More than that fail for one reason, which a second try would not change. */
const TRIED_AGAIN_MAX = 5;

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

/** Those that pass alone, on a server and in a browser of their own. They are defects all the same, of the journey or the dashboard. */
async function passingOnceMore(names) {
  const passing = [];
  for (const journey of journeys.filter(({ name }) => names.includes(name))) {
    const server = await startServer();
    const browser = await launchBrowser();
    if (await runJourney(server, browser, journey)) passing.push(journey.name);
    await browser.close();
    await server.stop();
  }
  return passing;
}

async function main() {
  const wanted = process.argv.slice(2);
  const chosen = journeys.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  if (chosen.length === 0) throw new Error(`no journey is named like ${wanted.join(", ")}`);
  const left = [...chosen];
  let failed = [];
  // The first start needs a server without mail: nothing but signing in comes before it.
  const runSome = async (server) => {
    let browser;
    try {
      browser = await launchBrowser();
      for (let journey = left.shift(); journey; journey = left.shift()) {
        if (!(await runJourney(server, browser, journey))) failed.push(journey.name);
      }
    } finally {
      await browser?.close();
      await server.stop();
    }
  };
  const atOnce = process.env.POSTROOM_URL ? 1 : Math.min(Number(process.env.JOURNEYS_AT_ONCE ?? 2), chosen.length);
  const running = [];
  for (let n = 0; n < atOnce; n += 1) running.push(runSome(await startServer()));
  await Promise.all(running);
  const flaky = process.env.CI && failed.length <= TRIED_AGAIN_MAX ? await passingOnceMore(failed) : [];
  // Once more at the end, where they are found in a long log.
  for (const name of flaky) console.log(`FLAKY   ${name}`);
  failed = failed.filter((name) => !flaky.includes(name));
  for (const name of failed) console.log(`FAILED  ${name}`);
  console.log(`${chosen.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

main().catch((error) => {
  console.error(error);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
});
