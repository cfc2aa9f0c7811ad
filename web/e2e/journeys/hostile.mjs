import assert from "node:assert/strict";
import { createServer } from "node:http";
import { AUDIT, payloads, TRAPS } from "../hostile.mjs";
import { sendMail, unique } from "../mail.mjs";

/** Mails sent at a time. */
const SENDERS = 8;
/** Frames looked at together. */
const FRAMES = 40;
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

function mailOf({ to, subject, html, parts = [] }) {
  const part = (headers, content) => ["--r", ...headers, "Content-Transfer-Encoding: base64", "", Buffer.from(content).toString("base64").replaceAll(/.{76}/g, "$&\r\n")];
  return [
    "From: Eve <eve@example.net>",
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Message-ID: <${unique("hostile")}@example.net>`,
    "MIME-Version: 1.0",
    'Content-Type: multipart/related; boundary="r"',
    "",
    ...part(["Content-Type: text/html; charset=utf-8"], html),
    ...parts.flatMap(({ headers, content }) => part(headers, content)),
    "--r--",
    "",
  ].join("\r\n");
}

/** Every payload through the product: a mail each, by SMTP. Answers them with the ids of their messages. */
async function deliver(context, channel, items) {
  const waiting = items.map((item, index) => ({ ...item, subject: `${unique("hostile")} ${index}` }));
  const bySubject = new Map(waiting.map((item) => [item.subject, item]));
  const work = [...waiting];
  const send = async () => {
    for (let item = work.pop(); item; item = work.pop()) {
      const raw = mailOf({ to: channel.inboundAddress, subject: item.subject, html: item.html });
      await sendMail(context.server.smtpAddr, { from: "eve@example.net", to: channel.inboundAddress, raw });
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
  let cursor = "";
  do {
    const page = await context.api("GET", `/messages?channelId=${channel.id}&take=100&cursor=${cursor}`);
    for (const message of page.items) {
      const item = bySubject.get(message.content.email.subject);
      if (item) item.id = message.id;
    }
    cursor = page.cursor;
  } while (cursor !== "");
  assert.deepEqual(
    waiting.filter((item) => !item.id).map((item) => item.name),
    [],
    "mails that are not there",
  );
  return waiting;
}

/** The page that the API gives for a message's frame. */
async function pageOf(context, id) {
  const answer = await fetch(`${context.server.url}/api/v1/messages/${id}/html`, {
    headers: { authorization: `Bearer ${context.server.apiKey}` },
  });
  assert.equal(answer.status, 200);
  return answer.text();
}

/** What the mail comes to in it, styles and body, without the page's own script and policy: all that protects is gone but the cleaning. */
function bodyOf(document) {
  const [style] = /<style>[^<]*<\/style>(?=<\/head><body>)/.exec(document) ?? assert.fail(document.slice(0, 400));
  const begin = document.indexOf("<body>") + "<body>".length;
  const end = document.indexOf("<script nonce=", begin);
  assert.ok(begin > 6 && end >= begin, document.slice(0, 400));
  return style + document.slice(begin, end);
}

/** A page without any policy, with the traps set; whatever leaves it is remembered and goes nowhere. */
async function barePage(context) {
  const page = await context.freshPage();
  const seen = [];
  const base = "http://bare.test/";
  await page.route("**", (route) => {
    if (route.request().url() === base) return route.fulfill({ contentType: "text/html", body: "<!doctype html><body></body>" });
    seen.push(route.request().url());
    return route.abort();
  });
  page.on("dialog", (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on("framenavigated", (frame) => ![base, "about:srcdoc", "about:blank"].includes(frame.url()) && seen.push(`went to ${frame.url()}`));
  await page.addInitScript(TRAPS);
  return { page, seen, base };
}

/** What is wrong with the cleaned messages, by their names; and what the browser makes of each. */
async function auditBare(context, { page, seen, base }, items) {
  const wrong = [];
  for (let at = 0; at < items.length; at += FRAMES) {
    const some = items.slice(at, at + FRAMES);
    const fragments = await Promise.all(some.map(async (item) => item.cleaned ?? bodyOf(await pageOf(context, item.id))));
    seen.length = 0;
    await page.goto(base);
    const results = await page.evaluate(AUDIT, fragments);
    results.forEach(({ found, serialised }, index) => {
      const item = some[index];
      item.serialised = serialised;
      if (found.length > 0) wrong.push(`${item.name}: ${found.join(", ")}\n  ${item.html.slice(0, 200)}\n  ${fragments[index].slice(0, 300)}`);
    });
    if (seen.length > 0) wrong.push(`${some.map(({ name }) => name).join(" ")}: ${seen.join(", ")}`);
  }
  return wrong;
}

/** Messages in frames like the dashboard's own, in the dashboard. */
async function showInFrames(page, ids) {
  await page.evaluate(
    ([wanted, src]) =>
      Promise.all(
        wanted.map(
          (id) =>
            new Promise((resolve, reject) => {
              const frame = document.createElement("iframe");
              frame.sandbox = "allow-scripts allow-popups allow-popups-to-escape-sandbox";
              frame.referrerPolicy = "no-referrer";
              const told = (event) => {
                if (event.source !== frame.contentWindow) return;
                removeEventListener("message", told);
                frame.remove();
                resolve();
              };
              addEventListener("message", told);
              frame.onerror = reject;
              frame.src = src.replace("ID", id);
              document.body.append(frame);
            }),
        ),
      ),
    [ids, "/api/v1/messages/ID/html"],
  );
}

/** Counts what is asked for, and how. */
async function imageServer(context) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url, headers: request.headers });
    response.setHeader("content-type", "image/png");
    response.end(PIXEL);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.closers.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

const FRAME = "iframe[title^='Mail from']";

export const hostile = [
  {
    name: "nothing of hostile HTML survives, in a browser without any policy and after it was written out again",
    async run(context) {
      const channel = await context.channel();
      const items = await deliver(context, channel, payloads());
      const bare = await barePage(context);
      assert.deepEqual(await auditBare(context, bare, items), []);
      // What the browser made of it, taken in as a mail once more, stays harmless.
      const again = items.map(({ name, serialised }) => ({ name: `${name} again`, html: serialised }));
      assert.deepEqual(await auditBare(context, bare, await deliver(context, channel, again)), []);
      // The traps do catch: what was not cleaned is seen.
      const html = '<img src="https://evil.example/x" onerror="alert(1)"><form></form>';
      const caught = await auditBare(context, bare, [{ name: "as it came", html, cleaned: html }]);
      for (const what of [/img\[onerror\]/, /<form>/, /a script ran/, /evil\.example/]) assert.match(caught.join(), what);
    },
  },
  {
    name: "hostile HTML in the dashboard's frame runs nothing, asks nobody and leads nowhere",
    async run(context) {
      const channel = await context.channel();
      const items = await deliver(context, channel, payloads());
      const page = await context.signedInPage();
      const dialogs = [];
      page.on("dialog", (dialog) => {
        dialogs.push(dialog.message());
        return dialog.dismiss();
      });
      await context.open(page, "/channels");
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      await page.evaluate(() => {
        window.ran = 0;
      });
      const before = page.url();
      for (let at = 0; at < items.length; at += FRAMES) {
        await showInFrames(page, items.slice(at, at + FRAMES).map(({ id }) => id));
      }
      assert.equal(page.url(), before);
      assert.equal(await page.evaluate(() => window.ran), 0);
      assert.deepEqual([dialogs, page.foreign, page.failures], [[], [], []]);
    },
  },
  {
    name: "a mail's styles stay in its frame, and its height is its own",
    async run(context) {
      const channel = await context.channel();
      const cover =
        "position:fixed;position:fixed!important;top:0;left:0;width:9999px;height:999px;z-index:2147483647;background:red;transform:scale(50)";
      const html = `<style>:root,html,body,*{${cover.replaceAll("999px", "100vh")}} :root{--accent:red} body{min-height:200vh;height:calc(100vh + 10px)}</style>
        <div style="${cover}">COVER</div><div style="height:100vh;min-height:100%;padding:5vh">tall</div>
        <div style="position:absolute;top:-500px;left:-500px">out</div><a id="top" name="app" href="#app">jump</a><p>Dear team</p>`;
      const subject = unique("Cover");
      const raw = mailOf({ to: channel.inboundAddress, subject, html });
      const { conversation } = await context.receive(channel, { subject, raw });
      const page = await context.signedInPage();
      await page.addInitScript(() => {
        window.heights = [];
        addEventListener("message", (event) => event.data?.type === "postroom:height" && window.heights.push(event.data.height));
      });
      await context.openConversation(page, conversation.id);
      await page.frameLocator(FRAME).getByText("Dear team").waitFor();
      const box = await page.locator(FRAME).boundingBox();
      assert.ok(box.height < 5_000, `the frame is ${box.height} px high`);
      // Everything around it is still what it was: the heading is on top where it stands.
      const heading = page.getByRole("heading", { name: subject, level: 1 });
      const onTop = await heading.evaluate((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return element.contains(document.elementFromPoint(x + Math.min(width, 20) / 2, y + height / 2));
      });
      assert.ok(onTop, "the mail covers the page");
      // It does not grow by being shown: after the first few, no more heights are told.
      const frames = (count) =>
        page.evaluate((number) => new Promise((resolve) => {
          const step = (left) => (left === 0 ? resolve(window.heights.length) : requestAnimationFrame(() => step(left - 1)));
          step(number);
        }), count);
      await frames(30);
      const told = await frames(1);
      assert.equal(await frames(60), told, "the height goes on changing");
      // An anchor moves nothing but the frame, and opens nothing of ours.
      const before = page.url();
      await page.frameLocator(FRAME).getByText("Dear team").click({ force: true });
      assert.equal(page.url(), before);
      assert.deepEqual([page.foreign, page.failures], [[], []]);
    },
  },
  {
    name: "links of a mail open apart and know nothing of us; forms send nothing",
    async run(context) {
      const channel = await context.channel();
      const html = `<p>Dear team</p><p><a href="https://shop.example.net/offer?x=1#y" target="_top">an offer</a></p>
        <form action="https://shop.example.net/steal" target="_top"><input name="q" value="secret"><button>Send me</button></form>`;
      const subject = unique("Offer");
      const { conversation } = await context.receive(channel, { subject, raw: mailOf({ to: channel.inboundAddress, subject, html }) });
      const page = await context.signedInPage();
      const asked = [];
      await page.context().route("https://shop.example.net/**", (route) => {
        asked.push({ url: route.request().url(), referer: route.request().headers()["referer"] });
        return route.fulfill({ contentType: "text/html", body: "<title>shop</title>" });
      });
      await context.openConversation(page, conversation.id);
      const link = page.frameLocator(FRAME).getByRole("link", { name: "an offer" });
      const opened = page.context().waitForEvent("page");
      await link.click();
      const shop = await opened;
      await shop.waitForLoadState();
      assert.equal(await shop.evaluate(() => window.opener === null), true);
      assert.deepEqual(asked, [{ url: "https://shop.example.net/offer?x=1", referer: undefined }]);
      await context.counts(page.frameLocator(FRAME).locator("form,button,input"), 0);
    },
  },
  {
    name: "a newsletter asks nobody for anything until its images are loaded, and then for images alone",
    async run(context) {
      const channel = await context.channel();
      const { url, requests } = await imageServer(context);
      const html = `<html><head><style>@import url(${url}/import.css);@font-face{font-family:x;src:url(${url}/font.woff)}
          .hero{background:url(${url}/class.png)}</style><link rel="stylesheet" href="${url}/link.css"></head>
        <body background="${url}/body.png"><table background="${url}/table.png"><tr><td style="background:url(${url}/style.png)">Dear team</td></tr></table>
        <img src="${url}/image.png" srcset="${url}/2x.png 2x" alt="our shop" width="40" height="40"><img src="cid:logo@x" alt="logo" width="40" height="40">
        <video poster="${url}/poster.png" src="${url}/film.mp4"></video><input type="image" src="${url}/input.png">
        <svg><image href="${url}/svg.png"/></svg></body></html>`;
      const subject = unique("Newsletter");
      const parts = [{ headers: ["Content-Type: image/png", "Content-ID: <logo@x>", "Content-Disposition: inline"], content: PIXEL }];
      const { conversation } = await context.receive(channel, { subject, raw: mailOf({ to: channel.inboundAddress, subject, html, parts }) });
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      const frame = page.frameLocator(FRAME);
      await frame.getByText("Dear team").waitFor();
      const isShown = (name) => frame.getByAltText(name).evaluate((image) => image.complete && image.naturalWidth > 0);
      await context.eventually("the inline image", () => isShown("logo"));
      assert.equal(await isShown("our shop"), false);
      assert.deepEqual([requests.map(({ path }) => path), page.foreign, page.failures], [[], [], []]);

      await page.getByRole("button", { name: "Load images" }).focus();
      await page.keyboard.press("Enter");
      await context.eventually("the image of the shop", () => isShown("our shop"));
      const paths = new Set(requests.map(({ path }) => path));
      assert.ok(paths.has("/image.png") || paths.has("/2x.png"), [...paths].join());
      for (const other of ["/import.css", "/font.woff", "/link.css", "/film.mp4"]) assert.ok(!paths.has(other), other);
      for (const { path, headers } of requests) {
        assert.deepEqual([headers["referer"], headers["cookie"], headers["origin"] ?? "null"], [undefined, undefined, "null"], path);
      }
    },
  },
];
