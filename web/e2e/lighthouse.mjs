/**
 * What Lighthouse says of the dashboard's pages, as somebody sees them who comes for the first time: nothing is cached. Tells figures
 * and judges none.
 *
 *   POSTROOM_BINARY=…/postroom node web/e2e/lighthouse.mjs [path …]
 *
 * Runs `npx lighthouse@12`, which comes from npm's registry, on a phone (its slow network and processor) and on a desktop. Each figure
 * is the median of three runs. SEO is left out: a dashboard is not to be found (robots.txt).
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Context, launchBrowser } from "./context.mjs";
import { startServer } from "./server.mjs";

const RUNS = 3;
const MAILS = 60;
const OUTPUT_BYTES_MAX = 1 << 26;
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const METRICS = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "speed-index"];

async function lighthouse(url, desktop, cookie) {
  const options = [
    ...["--yes", "lighthouse@12", url, "--quiet", "--output=json", `--only-categories=${CATEGORIES}`],
    "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
    ...(cookie ? [`--extra-headers=${JSON.stringify({ Cookie: cookie })}`] : []),
    ...(desktop ? ["--preset=desktop"] : []),
  ];
  const env = { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? "/usr/bin/chromium" };
  const { stdout } = await promisify(execFile)("npx", options, { env, maxBuffer: OUTPUT_BYTES_MAX });
  return JSON.parse(stdout);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function measure(url, path, desktop, cookie) {
  const reports = [];
  for (let run = 0; run < RUNS; run += 1) reports.push(await lighthouse(url + path, desktop, cookie));
  const scores = CATEGORIES.map((name) => Math.round(100 * median(reports.map((report) => report.categories[name].score))));
  const metrics = METRICS.map((name) => {
    const value = median(reports.map((report) => report.audits[name].numericValue));
    return name === "cumulative-layout-shift" ? `CLS ${value.toFixed(3)}` : `${name.replaceAll(/(\w)\w+-?/g, "$1").toUpperCase()} ${value.toFixed(0)} ms`;
  });
  console.log(`${desktop ? "desktop" : "phone  "} ${path.padEnd(28)} ${scores.join(" / ")}   ${metrics.join(", ")}`);
}

async function main() {
  const server = await startServer();
  const browser = await launchBrowser();
  const context = new Context(server, browser);
  try {
    const channel = await context.channel();
    for (let n = 0; n < MAILS; n += 1) await context.receive(channel);
    const { items } = await context.api("GET", "/conversations");
    const page = await context.signedInPage();
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const paths = process.argv.slice(2);
    const wanted = paths.length > 0 ? paths : ["/sign-in", "/conversations", `/conversations/${items[0].id}`, "/insight", "/contacts"];
    console.log(CATEGORIES.join(" / "));
    for (const path of wanted) {
      for (const desktop of [false, true]) await measure(server.url, path, desktop, path === "/sign-in" ? null : cookie);
    }
  } finally {
    await context.close();
    await browser.close();
    await server.stop();
  }
}

await main();
