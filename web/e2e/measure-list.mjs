/**
 * How quick the list of conversations is with many of them, in a real Chromium. Tells figures and judges none.
 *
 *   POSTROOM_BINARY=…/postroom node web/e2e/measure-list.mjs [conversations …]
 *
 * Each number of conversations (10,000 without one) has a server of its own, filled by `postroom import mbox`. A time is from the
 * key or click to the frame that shows what it did.
 */

import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { once } from "node:events";
import { promisify } from "node:util";
import { Context, launchBrowser } from "./context.mjs";
import { startServer } from "./server.mjs";

const WORDS = ["invoice", "parcel", "lamp", "address", "refund", "order", "chair", "meeting", "offer", "thanks", "question", "holiday"];
const MINUTE = 60_000;

function mail(n, to, at) {
  const word = (salt) => WORDS[(n * 7 + salt * 5) % WORDS.length];
  const name = `Person ${n % 5_000}`;
  return [
    `From import@example.org ${at.toUTCString()}`,
    `From: ${name} <person${n % 5_000}@example.org>`,
    `To: <${to}>`,
    `Subject: ${word(1)} and ${word(2)}, number ${n}`,
    `Date: ${at.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <measure-${n}@example.org>`,
    "Content-Type: text/plain; charset=utf-8",
    "",
    `Hello,`,
    "",
    `this is about the ${word(3)} and the ${word(4)} of number ${n}.`,
    "",
    name,
    "",
    "",
  ].join("\n");
}

async function fill(context, channel, count) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "postroom-measure-"));
  const file = path.join(folder, "measure.mbox");
  const out = createWriteStream(file);
  const now = Date.now();
  for (let n = 0; n < count; n += 1) {
    const written = out.write(mail(n, channel.inboundAddress, new Date(now - (count - n) * MINUTE)));
    if (!written) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
  const began = Date.now();
  await context.server.without(async ({ binary, environment, folder: cwd }) => {
    const options = { env: environment, cwd, maxBuffer: 1 << 26 };
    await promisify(execFile)(binary, ["import", "mbox", "--to", channel.inboundAddress, file], options);
  });
  await rm(folder, { recursive: true });
  console.log(`  imported in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

/** In the page: from `act` to the frame after `done` holds. As one text, since the page's policy lets nothing make code of texts. */
async function timed(page, act, done, argument) {
  return page.evaluate(`(async (argument) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const before = performance.now();
    (${act})(argument);
    while (!(${done})(argument)) {
      await frame();
      if (performance.now() - before > 20000) throw new Error("it never showed: " + JSON.stringify(argument) + " at " + location.href);
    }
    await frame();
    return performance.now() - before;
  })(${JSON.stringify(argument) ?? ""})`);
}

function said(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return `median ${at(0.5).toFixed(0)} ms, 95 % ${at(0.95).toFixed(0)} ms, longest ${at(1).toFixed(0)} ms (${times.length})`;
}

const press = (key) => `() => (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { key: "${key}", bubbles: true, cancelable: true }))`;
const focusedRow = (page) => page.evaluate(() => Number(document.activeElement?.closest("[data-row]")?.getAttribute("data-row") ?? -1));

async function walkTheList(page) {
  const times = [];
  for (let n = 0; n < 60; n += 1) {
    const at = await focusedRow(page);
    times.push(await timed(page, press("j"), (from) => Number(document.activeElement?.closest("[data-row]")?.getAttribute("data-row") ?? -1) === from + 1, at));
  }
  console.log(`  j through the list        ${said(times)}`);
}

async function openConversations(page) {
  const times = [];
  const heading = (before) => {
    const title = document.querySelector("section[aria-label=Conversation] h1");
    return title !== null && title.textContent !== before && title.querySelector("[aria-hidden]") === null;
  };
  times.push(await timed(page, () => document.activeElement.click(), heading, ""));
  for (let n = 0; n < 30; n += 1) {
    const before = await page.evaluate(() => document.querySelector("section[aria-label=Conversation] h1").textContent);
    times.push(await timed(page, press("j"), heading, before));
  }
  console.log(`  opening the next (j)      ${said(times)}`);
  await page.keyboard.press("u");
}

async function changeFilters(page) {
  const times = [];
  for (let round = 0; round < 4; round += 1) {
    for (const name of ["Unassigned", "Unread", "Open"]) {
      const act = (wanted) =>
        [...document.querySelectorAll("nav ul[aria-label=Views] a")].find((link) => link.textContent.startsWith(wanted)).click();
      const done = (wanted) => {
        const current = document.querySelector("nav ul[aria-label=Views] a[aria-current=true]");
        return current?.textContent.startsWith(wanted) && document.querySelector('[data-row="0"]') !== null;
      };
      times.push(await timed(page, act, done, name));
    }
  }
  console.log(`  another filter            ${said(times)}`);
}

async function search(page) {
  const times = [];
  for (const words of ["invoice", "parcel -lamp", "subject:refund lamp", "person11 parcel"]) {
    times.push(
      await timed(
        page,
        (typed) => {
          const box = document.querySelector("input[type=search]");
          Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, typed);
          box.dispatchEvent(new Event("input", { bubbles: true }));
          box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
        },
        (typed) => new URLSearchParams(location.search).get("q") === typed && document.querySelector("[data-row] mark") !== null,
        words,
      ),
    );
  }
  console.log(`  a search                  ${said(times)}`);
}

/** Loads the whole list by scrolling to its end again and again, then walks it in big steps. */
async function scrollDeep(page, count) {
  const began = Date.now();
  const frames = await page.evaluate(async (count) => {
    const list = document.querySelector("ul:has(> li [data-row])");
    const scroller = list.parentElement;
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const frames = [];
    let before = performance.now();
    const next = async () => {
      await frame();
      const now = performance.now();
      frames.push(now - before);
      before = now;
    };
    while (list.clientHeight < count * 84 - 84) {
      scroller.scrollTop = scroller.scrollHeight;
      await next();
    }
    return frames;
  }, count);
  console.log(`  loading all of it         ${((Date.now() - began) / 1000).toFixed(1)} s; frames ${said(frames)}`);
  const walk = await page.evaluate(async () => {
    const scroller = document.querySelector("ul:has(> li [data-row])").parentElement;
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const frames = [];
    let empty = 0;
    const step = scroller.scrollHeight / 300;
    for (let n = 300; n >= 0; n -= 1) {
      const before = performance.now();
      scroller.scrollTop = n * step;
      await frame();
      await frame();
      frames.push((performance.now() - before) / 2);
      if (scroller.querySelector("[data-row]") === null) empty += 1;
    }
    return { frames, empty };
  });
  console.log(`  scrolling through it      frames ${said(walk.frames)}; ${walk.empty} without a row`);
}

/** Far down, with rows selected, while mail comes in above. */
async function liveWhileScrolled(context, page, channel) {
  const top = () =>
    page.evaluate(() => {
      const scroller = document.querySelector("ul:has(> li [data-row])").parentElement;
      const edge = scroller.getBoundingClientRect().top;
      const rows = [...scroller.querySelectorAll("[data-row]")].map((row) => ({ id: row.dataset.id, index: Number(row.dataset.row), at: row.getBoundingClientRect().top - edge }));
      return rows.filter((row) => row.at >= 0).toSorted((a, b) => a.at - b.at)[0];
    });
  await page.evaluate(() => {
    const scroller = document.querySelector("ul:has(> li [data-row])").parentElement;
    scroller.scrollTop = scroller.scrollHeight / 2 + 30;
  });
  await context.eventually("rows", () => top());
  await page.locator("[data-row]").nth(10).focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+J");
  const before = await top();
  for (let n = 0; n < 3; n += 1) await context.receive(channel);
  const after = await context.eventually("the new mail", async () => {
    const now = await top();
    return now && now.index >= before.index + 3 && now;
  });
  const selected = await page.getByRole("toolbar").getByRole("status").innerText();
  console.log(`  three mails come in above ${before.id === after.id ? "the same row is on top" : "ANOTHER row is on top"}, moved by ${(after.at - before.at).toFixed(1)} px; ${selected}`);
  await page.keyboard.press("Escape");
}

async function fromTheEnd(page) {
  const time = await timed(page, press("End"), () => new URLSearchParams(location.search).get("order") === "oldest" && document.querySelector('[data-row="0"]') !== null);
  console.log(`  End, the list not loaded  ${time.toFixed(0)} ms`);
}

async function measure(count) {
  console.log(`${count.toLocaleString("en")} conversations`);
  const server = await startServer();
  const browser = await launchBrowser();
  const context = new Context(server, browser);
  try {
    const channel = await context.channel();
    await fill(context, channel, count);
    const page = await context.signedInPage({ viewport: { width: 1440, height: 900 } });
    const began = Date.now();
    await context.open(page, "/conversations");
    await page.locator("[data-row]").first().waitFor();
    console.log(`  the page with its list    ${Date.now() - began} ms`);
    await page.locator("[data-row]").first().focus();
    await walkTheList(page);
    await openConversations(page);
    await changeFilters(page);
    await context.eventually("the index", async () => (await context.api("GET", `/conversations?q=number+${count - 1}`)).items.length > 0, 600_000);
    await search(page);
    await context.open(page, "/conversations");
    await page.locator("[data-row]").first().waitFor();
    await fromTheEnd(page);
    await context.open(page, "/conversations");
    await page.locator("[data-row]").first().waitFor();
    await scrollDeep(page, count);
    await liveWhileScrolled(context, page, channel);
    await page.evaluate(() => document.querySelector("ul:has(> li [data-row])").parentElement.scrollTo(0, 0));
    await page.locator('[data-row="0"]').focus();
    console.log("  with all of it loaded:");
    await walkTheList(page);
    await openConversations(page);
  } finally {
    await context.close();
    await browser.close();
    await server.stop();
  }
}

const counts = process.argv.slice(2).map(Number);
for (const count of counts.length > 0 ? counts : [10_000]) await measure(count);
