import assert from "node:assert/strict";
import { startMailbox } from "../mailbox.mjs";
import { unique } from "../mail.mjs";
import { violations } from "./accessibility.mjs";

const PASSWORD = "a key to the mailbox";

/** A form, a mailbox to connect with it, and the application to go on to. */
async function setUp(context) {
  const mailbox = await startMailbox(PASSWORD);
  context.closers.push(mailbox.close);
  const application = await context.webhookListener();
  const account = unique("account");
  const { url } = await mailboxApi(context, "POST", "/authentication/form", {
    account,
    name: "Ann",
    email: "ann@mailbox.invalid",
    redirectUrl: `${application.url}?tab=mail`,
  });
  context.closers.push(() => mailboxApi(context, "DELETE", `/account/${account}`).catch(() => undefined));
  return { mailbox, application, account, url };
}

async function mailboxApi(context, method, path, body) {
  const answer = await fetch(`${context.server.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${context.server.apiKey}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** From the first page to the second. */
async function lookUp(page, url) {
  await page.goto(url);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: /^Sign in to / }).waitFor();
}

async function fillIn(page, mailbox, password) {
  const incoming = page.getByRole("group", { name: "Incoming mail (IMAP)" });
  await incoming.getByLabel("Server").fill("127.0.0.1");
  await incoming.getByLabel("Port").fill(String(mailbox.imapPort));
  await incoming.getByLabel("Security").selectOption("starttls");
  await incoming.getByLabel("User name").fill("ann");
  await incoming.getByLabel("Password").fill(password);
  const outgoing = page.getByRole("group", { name: "Outgoing mail (SMTP)" });
  await outgoing.getByLabel("Server").fill("127.0.0.1");
  await outgoing.getByLabel("Port").fill(String(mailbox.smtpPort));
  await outgoing.getByLabel("Security").selectOption("starttls");
  await page.getByRole("button", { name: "Connect" }).click();
}

export const accountForm = [
  {
    name: "a mailbox is connected without JavaScript: looked up, refused, corrected, and back to the application",
    async run(context) {
      const { mailbox, application, account, url } = await setUp(context);
      const page = await context.freshPage({ javaScriptEnabled: false });
      await page.goto(url);
      await page.getByLabel("Email address").fill("nobody");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("alert").getByText("Enter your email address").waitFor();
      await page.locator("#email:focus").waitFor();
      await page.getByLabel("Email address").fill("ann@mailbox.invalid");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("We could not find out where your mailbox is.").waitFor();

      await fillIn(page, mailbox, "another password");
      await page.getByRole("alert").getByText("The incoming server does not let you in").waitFor();
      await page.getByText("That is not the password.").waitFor();
      await page.locator("#imap_pass:focus[aria-invalid=true]").waitFor();
      await page.getByText("reach the server").first().waitFor();
      assert.equal(await page.locator("#imap_host").inputValue(), "127.0.0.1");
      assert.equal(await page.locator("#imap_pass").inputValue(), "");

      // The outgoing server's own sign-in shows when it is not the same.
      assert.equal(await page.locator("#smtp_pass").isVisible(), false);
      await page.getByLabel("Use the same user name and password").uncheck();
      await page.locator("#smtp_pass").waitFor();
      await page.getByLabel("Use the same user name and password").check();

      await page.locator("#imap_pass").fill(PASSWORD);
      await page.getByRole("button", { name: "Connect" }).click();
      await page.getByText("thank you").waitFor();
      const onward = new URL(page.url());
      assert.equal(onward.searchParams.get("tab"), "mail");
      assert.equal(onward.searchParams.get("account"), account);
      assert.equal(onward.searchParams.get("state"), "new");
      assert.deepEqual(page.failures, []);
      assert.deepEqual(new Set(page.foreign.map((each) => new URL(each).origin)), new Set([new URL(application.url).origin]));

      await context.eventually("the account to be connected", async () => {
        const { state } = await mailboxApi(context, "GET", `/account/${account}`);
        return state === "connected";
      });
      await page.goto(url);
      await page.getByRole("heading", { name: "This link was used already" }).waitFor();
      await page.getByRole("link", { name: /^Go on to / }).waitFor();
    },
  },
  ...["light", "dark"].flatMap((colorScheme) =>
    [1440, 390].map((width) => ({
      name: `axe finds nothing on the form, ${colorScheme}, ${width} px, and nothing is wider than the window`,
      async run(context) {
        const { id } = await mailboxApi(context, "POST", "/oauth2", {
          name: unique("Example Mail"),
          provider: "gmail",
          clientId: "client",
          clientSecret: "secret",
        });
        context.closers.push(() => mailboxApi(context, "DELETE", `/oauth2/${id}`));
        const { mailbox, url } = await setUp(context);
        // The page's own policy forbids what axe is put in by.
        const page = await context.freshPage({ colorScheme, viewport: { width, height: 860 }, bypassCSP: true });
        const found = [];
        const check = async (what) => {
          for (const each of await violations(page)) found.push(`${what}: ${each}`);
          const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          if (wider > 0) found.push(`${what}: ${wider} px wider than the window`);
        };
        await page.goto(url);
        await page.getByRole("link", { name: /^Sign in with Example Mail/ }).waitFor();
        await check("the first page");
        await lookUp(page, url);
        await check("the second page");
        await page.getByLabel("Use the same user name and password").uncheck();
        await fillIn(page, mailbox, "another password");
        await page.getByRole("alert").waitFor();
        await check("what was refused");
        await page.goto(`${url}x`);
        await page.getByRole("heading", { name: "This link does not work" }).waitFor();
        await check("a link that was altered");
        assert.deepEqual(found, []);
      },
    })),
  ),
];
