/** What every journey has at hand: the server, a browser, somebody signed in. Owns no assertion. */

import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { htmlMail, sendMail, textMail, unique } from "./mail.mjs";

const ACTION_MS_MAX = 15_000;
const ANSWERS_TOLD = 20;

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launchBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
}

/** As on a machine that many times slower: what only a fast one gets right in time shows. */
async function slow(page) {
  const rate = Number(process.env.JOURNEYS_SLOWED ?? 1);
  if (rate > 1) await (await page.context().newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate });
}

/** Runs in the page. Frames of mail have no storage. */
function keepUndoSeconds(seconds) {
  if (window === window.top) localStorage.setItem("postroom.undoSeconds", seconds);
}

export class Context {
  constructor(server, browser) {
    this.server = server;
    this.browser = browser;
    this.closers = [];
  }

  /** What a failure is understood by, where nobody can look at the screen. */
  async told() {
    const page = this.lastPage;
    if (!page) return "";
    const shown = await page.locator("body").ariaSnapshot({ timeout: 2_000 }).catch((error) => error.message);
    return `the page shows:\n${shown}\nits last answers:\n${page.answers.slice(-ANSWERS_TOLD).join("\n")}`;
  }

  /** The API with the key, as an application would use it. */
  async api(method, path, body) {
    const answer = await fetch(`${this.server.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.server.apiKey}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** A page nobody is signed in on yet. External requests and errors of the page are remembered. */
  async freshPage(options = {}) {
    const browserContext = await this.browser.newContext({
      viewport: { width: 1440, height: 900 },
      reducedMotion: "reduce",
      ...options,
    });
    this.closers.push(() => browserContext.close());
    browserContext.setDefaultTimeout(ACTION_MS_MAX);
    const page = await browserContext.newPage();
    this.lastPage = page;
    await slow(page);
    page.foreign = [];
    page.failures = [];
    page.answers = [];
    page.on("response", (response) => {
      const { pathname, search } = new URL(response.url());
      if (pathname.startsWith("/api/")) page.answers.push(`${response.status()} ${response.request().method()} ${pathname}${search}`);
    });
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== this.server.url) page.foreign.push(request.url());
    });
    page.on("pageerror", (error) => page.failures.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy|Uncaught/.test(message.text())) {
        page.failures.push(message.text());
      }
    });
    return page;
  }

  /** Signing in by hand is a journey of its own, and guessing is limited: the others share one session. */
  async signedInPage(options = {}) {
    const { url, email, password } = this.server;
    const { undoSeconds = 0, ...browser } = options;
    const page = await this.freshPage({ ...browser, storageState: this.server.signedIn });
    // What is sent goes out at once, where no journey is about taking it back.
    if (undoSeconds !== null) await page.addInitScript(keepUndoSeconds, String(undoSeconds));
    if (!this.server.signedIn) {
      const answer = await page.request.post(`${url}/api/v1/session`, { data: { email, password }, headers: { origin: url } });
      if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
      this.server.signedIn = await page.context().storageState();
    }
    return page;
  }

  /** A page of another person of the workspace, signed in. */
  async colleaguePage(name, options = {}) {
    const { url } = this.server;
    const email = `${unique(name.toLowerCase()).replaceAll(/\W+/g, "-")}@example.org`;
    const password = "a long pass phrase";
    const user = await this.api("POST", "/users", { email, name, role: "agent", password });
    const page = await this.freshPage(options);
    await page.addInitScript(keepUndoSeconds, "0");
    const answer = await page.request.post(`${url}/api/v1/session`, { data: { email, password }, headers: { origin: url } });
    if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
    page.user = user;
    return page;
  }

  async open(page, path) {
    await page.goto(this.server.url + path);
  }

  /** A conversation, with everything that keys and buttons act on. */
  async openConversation(page, id) {
    await this.open(page, `/conversations/${id}`);
    await page.getByRole("button", { name: /^(Write a reply|Discard draft)$/ }).waitFor();
  }

  async channel(change = {}) {
    return this.api("POST", "/channels", { type: "email", provider: "forwarding", name: unique("Inbox"), ...change });
  }

  /** A use case of a domain that is verified: its mail goes into the sandbox. */
  async useCase(change = {}) {
    const domain = await this.api("POST", "/domains", { name: `${unique("shop")}.example.org` });
    this.server.names.publish(domain.dnsRecords);
    const { status, dnsRecords } = await this.api("POST", `/domains/${domain.id}/verify`);
    if (status !== "verified") throw new Error(`the domain is ${status}: ${JSON.stringify(dnsRecords)}`);
    return this.api("POST", "/use-cases", {
      domainId: domain.id,
      entityName: "The Shop",
      name: unique("Newsletter"),
      senderAddress: `news@${domain.name}`,
      emailType: "marketing",
      description: "What is new in the shop",
      ...change,
    });
  }

  /** A mail over SMTP into a channel; its conversation once it is there. */
  async receive(channel, change = {}) {
    const mail = {
      from: "Ada Example <ada@example.org>",
      to: channel.inboundAddress,
      subject: unique("A question"),
      text: "Hello,\n\nhow do I change my address?\n\nAda",
      ...change,
    };
    await sendMail(this.server.smtpAddr, { from: "ada@example.org", to: mail.to, raw: mail.raw ?? textMail(mail) });
    return { ...mail, conversation: await this.conversationOf(channel, mail.subject) };
  }

  /** The same with an HTML part. */
  async receiveHtml(channel, change) {
    const mail = { from: "Ada Example <ada@example.org>", to: channel.inboundAddress, ...change };
    await sendMail(this.server.smtpAddr, { from: "ada@example.org", to: mail.to, raw: htmlMail(mail) });
    return { ...mail, conversation: await this.conversationOf(channel, mail.subject) };
  }

  async conversationOf(channel, subject) {
    return this.eventually(`the conversation “${subject}”`, async () => {
      const { items } = await this.api("GET", `/conversations?channelId=${channel.id}`);
      return items.find((item) => item.subject === subject);
    });
  }

  /** Asks until there is an answer; a condition, never a pause, decides. */
  async eventually(what, ask, msMax = ACTION_MS_MAX) {
    const end = Date.now() + msMax;
    for (;;) {
      const found = await ask();
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited ${msMax} ms in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until there are so many of them. */
  async counts(locator, wanted) {
    let found;
    await this.eventually(`${wanted} of ${locator}`, async () => (found = await locator.count()) === wanted).catch((error) => {
      throw new Error(`${error.message}: there are ${found}`);
    });
  }

  /** Listens for webhooks; `requests` fills as they come. */
  async webhookListener() {
    const requests = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (data) => (body += data));
      request.on("end", () => {
        requests.push({ headers: request.headers, body });
        response.end("thank you");
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.closers.push(() => new Promise((resolve) => server.close(resolve)));
    return { url: `http://127.0.0.1:${server.address().port}/hook`, requests };
  }

  async close() {
    for (const close of this.closers.toReversed()) await close();
  }
}
