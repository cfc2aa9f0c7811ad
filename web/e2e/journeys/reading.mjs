import assert from "node:assert/strict";
import { htmlMail, sendMail, textMail, unique } from "../mail.mjs";

const HOSTILE = `<p>Dear <b>team</b>, see the <a href="https://example.org/x">report</a>.</p>
<img src="http://tracker.example.net/pixel.png" width="40" height="40">
<img src="x" onerror="parent.document.title='owned'">
<script>parent.document.title='owned'</script>
<blockquote type="cite">an older text</blockquote>`;

export const reading = [
  {
    name: "the first visit asks for its files, its session and its list at once, and for nothing twice",
    async run(context) {
      const channel = await context.channel();
      const { subject, conversation } = await context.receive(channel);
      const page = await context.signedInPage();
      const asked = [];
      page.on("request", (request) => request.method() === "GET" && asked.push(new URL(request.url()).pathname));
      const packed = [];
      page.on("response", (response) => {
        if (/\/(start|workspace)-.*\.js$/.test(response.url())) packed.push(response.headers()["content-encoding"]);
      });
      const warnings = [];
      page.on("console", (message) => warnings.push(message.text()));
      await context.open(page, "/");
      await page.getByRole("link", { name: new RegExp(subject) }).waitFor();
      const first = asked.filter((path) => path.startsWith("/assets/") || ["/api/v1/session", "/api/v1/conversations"].includes(path));
      assert.deepEqual(first.filter((path, at) => first.indexOf(path) !== at), [], "asked for twice");
      assert.deepEqual(warnings.filter((text) => text.includes("preload")), []);
      assert.deepEqual(packed, ["br", "br"]);
      // The list was asked for before the scripts that show it.
      const order = (path) => asked.findIndex((each) => each.startsWith(path));
      assert.ok(order("/api/v1/session") < order("/api/v1/conversations"));
      assert.ok(order("/api/v1/conversations") < order("/api/v1/conversations/counts"));

      // So it is with a conversation that is opened by its address.
      asked.length = 0;
      await context.openConversation(page, conversation.id);
      const own = asked.filter((path) => path.startsWith(`/api/v1/conversations/${conversation.id}`) && !path.endsWith("/presence"));
      assert.deepEqual(own.slice(0, 2), [`/api/v1/conversations/${conversation.id}`, `/api/v1/conversations/${conversation.id}/messages`]);
      assert.ok(order("/api/v1/conversations/conv_") < order("/api/v1/conversations/counts"));
      assert.deepEqual(warnings.filter((text) => text.includes("preload")), []);
    },
  },
  {
    name: "a mail sent by SMTP appears in the open list without a reload, and opens",
    async run(context) {
      const channel = await context.channel();
      const page = await context.signedInPage();
      await context.receive(channel);
      // The stream must be open before the mail comes, or the list's first load would prove nothing.
      const stream = page.waitForResponse(/events\/stream/);
      await context.open(page, "/conversations");
      await stream;
      await page.locator("[data-row]").first().waitFor();
      const loads = [];
      page.on("framenavigated", (frame) => frame === page.mainFrame() && loads.push(frame.url()));
      const subject = unique("Live");
      const raw = textMail({ from: "Ada Example <ada@example.org>", to: channel.inboundAddress, subject, text: "Here I am." });
      await sendMail(context.server.smtpAddr, { from: "ada@example.org", to: channel.inboundAddress, raw });
      const row = page.getByRole("link", { name: new RegExp(subject) });
      await row.waitFor();
      assert.deepEqual(loads, [], "nothing was reloaded");
      assert.match(await row.innerText(), /Ada Example/);
      await row.getByText("Unread").waitFor({ state: "attached" });
      await row.click();
      await page.getByRole("heading", { name: subject, level: 1 }).waitFor();
      await page.getByText("Here I am.").first().waitFor();
      // Reading it is what makes it read.
      const { id } = await context.conversationOf(channel, subject);
      await context.eventually("the conversation to be read", async () => !(await context.api("GET", `/conversations/${id}`)).unread);
    },
  },
  {
    name: "HTML mail is shown in its frame: no script runs, no remote image loads until asked",
    async run(context) {
      const channel = await context.channel();
      const subject = unique("Report");
      const attachment = { filename: "report.csv", contentType: "text/csv", content: "a,b\n1,2\n" };
      const raw = htmlMail({
        from: "Eve <eve@example.net>",
        to: channel.inboundAddress,
        subject,
        text: "Dear team",
        html: HOSTILE,
        attachment,
      });
      const { conversation } = await context.receive(channel, { subject, raw });
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      const frame = page.frameLocator("iframe[title^='Mail from']");
      await frame.getByText("Dear team").or(frame.locator("b", { hasText: "team" })).first().waitFor();
      await page.getByText(/remote image.* not loaded/).waitFor();
      assert.equal(page.foreign.length, 0, `asked outside: ${page.foreign.join(", ")}`);
      assert.doesNotMatch(await page.title(), /owned/);
      const sandbox = await page.locator("iframe[title^='Mail from']").getAttribute("sandbox");
      assert.ok(!sandbox.includes("allow-same-origin"), "the frame has an origin of its own");

      const download = page.waitForEvent("download");
      await page.getByRole("link", { name: /Download report\.csv/ }).click();
      assert.equal((await download).suggestedFilename(), "report.csv");

      // Asked for, and only then, the image is fetched; here nobody answers, but the request is made.
      const asked = page.waitForRequest(/tracker\.example\.net/);
      await page.route(/tracker\.example\.net/, (route) => route.abort());
      await page.getByRole("button", { name: "Load images" }).click();
      await asked;
      assert.deepEqual(page.failures.filter((each) => !/tracker/.test(each)), []);
    },
  },
  {
    name: "a plain-text answer shows what is new and folds what is quoted; the raw mail is at hand",
    async run(context) {
      const channel = await context.channel();
      const text = "Yes, that works.\n\nOn Mon, 2 Nov 2026 at 10:00, Support <s@example.org> wrote:\n> Does it work?\n";
      const { conversation } = await context.receive(channel, { text });
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      const messages = page.getByRole("region", { name: "Messages" });
      await messages.getByText("Yes, that works.").waitFor();
      await context.counts(messages.getByText("> Does it work?"), 0);
      await page.getByRole("button", { name: "Show quoted text" }).click();
      await messages.getByText("> Does it work?").waitFor();
      await page.getByRole("button", { name: "Actions on this message" }).click();
      await page.getByRole("menuitem", { name: "View the raw mail" }).click();
      await page.getByRole("dialog").getByText(/Message-ID: <mail-/i).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    },
  },
  {
    name: "search finds a mail by its words, filters narrow the list, both are in the address",
    async run(context) {
      const channel = await context.channel();
      const word = unique("zeppelin").replaceAll("-", "");
      const { subject } = await context.receive(channel, { text: `We need a ${word} by Friday.` });
      await context.receive(channel);
      const page = await context.signedInPage();
      await context.open(page, "/conversations");
      // The index follows the mail within moments.
      await context.eventually("the search index", async () =>
        (await context.api("GET", `/conversations?q=${word}`)).items.length === 1,
      );
      await page.locator("[data-row]").first().waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type(word);
      await page.waitForURL(new RegExp(`q=${word}`));
      await context.eventually("one result alone", async () => (await page.locator("[data-row]").count()) === 1);
      await page.getByRole("link", { name: new RegExp(subject) }).waitFor();
      await page.getByRole("button", { name: "Clear the search" }).click();
      await page.getByRole("button", { name: /^Status/ }).click();
      await page.getByRole("menuitemradio", { name: "Resolved" }).click();
      await page.waitForURL(/status=resolved/);
      await context.counts(page.getByRole("link", { name: new RegExp(subject) }), 0);
    },
  },
];
