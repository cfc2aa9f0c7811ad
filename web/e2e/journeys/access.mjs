import assert from "node:assert/strict";
import { startIdentityProvider } from "../identityProvider.mjs";
import { unique } from "../mail.mjs";
import { codeOf } from "../totp.mjs";

const PASSWORD = "a long pass phrase";

/** Somebody new, who signs in by hand. */
async function newcomer(context, name, role = "agent") {
  const email = `${unique(name.toLowerCase()).replaceAll(/\W+/g, "-")}@example.org`;
  const user = await context.api("POST", "/users", { email, name, role, password: PASSWORD });
  return { email, user };
}

async function signIn(context, page, email) {
  await context.open(page, "/sign-in");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function signOut(page) {
  await page.getByTitle(/^Account/).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
}

/** Sets the app up that the page shows. Answers its secret and the recovery codes. */
async function setUpApp(page) {
  await page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
  const secret = (await page.locator("code").filter({ hasText: /^[A-Z2-7 ]{39}$/ }).textContent()).replaceAll(" ", "");
  await page.getByLabel("Code of the app").fill("000000");
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByText("It does not fit", { exact: false }).or(page.getByText("it does not fit", { exact: false })).first().waitFor();
  await page.getByLabel("Code of the app").fill(codeOf(secret));
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  const codes = await page.locator("li code").allTextContents();
  assert.equal(codes.length, 10);
  await page.getByRole("button", { name: "I have kept them" }).click();
  return { secret, codes };
}

export const access = [
  {
    name: "an authenticator app is set up, asked for at the next sign-in, and turned off",
    async run(context) {
      const { email } = await newcomer(context, "Tessa");
      const page = await context.freshPage();
      await signIn(context, page, email);
      await page.getByTitle(/^Account/).waitFor();
      await context.open(page, "/profile");
      await page.getByRole("button", { name: "Set up an app" }).click();
      const { secret, codes } = await setUpApp(page);
      await page.getByText("On: a code of your authenticator app", { exact: false }).waitFor();
      await signOut(page);

      await signIn(context, page, email);
      await page.getByRole("heading", { name: "Enter your code" }).waitFor();
      await page.getByLabel("Code").fill("000000");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.getByRole("alert").getByText("The code was not taken").waitFor();
      // The one that confirmed the app is used: the next one.
      await page.getByLabel("Code").fill(codeOf(secret, 1));
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.getByTitle(/^Account/).waitFor();
      await signOut(page);

      await signIn(context, page, email);
      await page.getByLabel("Code").fill(codes[0]);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.getByTitle(/^Account/).waitFor();
      await context.open(page, "/profile");
      await page.getByText("9 recovery codes left", { exact: false }).waitFor();
      await page.getByRole("button", { name: "Turn off" }).click();
      await page.getByRole("dialog").getByLabel("Code").fill(codes[1]);
      await page.getByRole("dialog").getByRole("button", { name: "Turn off" }).click();
      await page.getByText("Off: your password alone signs you in.").waitFor();
      assert.deepEqual(page.foreign, [], "nobody outside is asked for the QR code");
      assert.deepEqual(page.failures, []);
    },
  },
  {
    name: "where everybody needs a second factor, it is set up before anything else",
    async run(context) {
      const { email, user } = await newcomer(context, "Rita");
      await context.api("PATCH", "/workspace", { secondFactorRequired: true });
      try {
        const page = await context.freshPage();
        await signIn(context, page, email);
        await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
        await context.open(page, "/channels");
        await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
        await setUpApp(page);
        await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
        // Lost: a colleague takes it away, and it begins anew.
        await context.api("DELETE", `/users/${user.id}/second-factor`);
        await page.reload();
        await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
      } finally {
        await context.api("PATCH", "/workspace", { secondFactorRequired: false });
      }
    },
  },
  {
    name: "sessions are seen and ended, and a new password, with the present one, ends the others",
    async run(context) {
      const { email } = await newcomer(context, "Sean");
      const [here, there] = [await context.freshPage(), await context.freshPage()];
      await signIn(context, here, email);
      await here.getByTitle(/^Account/).waitFor();
      await signIn(context, there, email);
      await there.getByTitle(/^Account/).waitFor();
      await context.open(here, "/profile");
      await here.getByText("This browser").waitFor();
      await here.getByRole("button", { name: "Sign out of Chrome on Linux" }).click();
      await here.getByText("Signed out there").waitFor();
      await there.reload();
      await there.getByRole("button", { name: "Sign in" }).waitFor();

      await signIn(context, there, email);
      await there.getByTitle(/^Account/).waitFor();
      await here.getByLabel("New password").fill("another long pass phrase");
      await here.getByLabel("Current password").fill("no idea");
      await here.getByRole("button", { name: "Set password" }).click();
      await here.getByText("this is not your current password").first().waitFor();
      await here.getByLabel("Current password").fill(PASSWORD);
      await here.getByRole("button", { name: "Set password" }).click();
      await here.getByText("Your password is set").waitFor();
      await there.reload();
      await there.getByRole("button", { name: "Sign in" }).waitFor();
      await here.reload();
      await here.getByText("This browser").waitFor();
    },
  },
  {
    name: "the settings are changed, and the audit log says by whom",
    async run(context) {
      const before = await context.api("GET", "/workspace");
      const page = await context.signedInPage();
      await context.open(page, "/settings");
      await page.getByLabel("Name", { exact: true }).first().fill("Acme Mail");
      await page.getByLabel("Time zone").fill("Pacific/Auckland");
      await page.getByRole("button", { name: "Save settings" }).click();
      await page.getByText("The settings are saved").waitFor();
      try {
        assert.equal((await context.api("GET", "/workspace")).timeZone, "Pacific/Auckland");
        await page.getByRole("link", { name: "Audit log" }).click();
        await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
        const row = page.getByRole("row").filter({ hasText: "changed the workspace's settings" }).first();
        await row.getByText(context.server.email).waitFor();
        await row.getByText("changed: name, timeZone").waitFor();
        await page.getByLabel("What was done").selectOption("workspace.changed");
        const signIns = page.getByRole("row").filter({ hasText: "signed in" });
        await context.eventually("the filtered log", async () => (await signIns.count()) === 0 && (await page.getByRole("row").count()) > 1);
        assert.match(page.url(), /action=workspace\.changed/);
        const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export CSV" }).click()]);
        assert.equal(download.suggestedFilename(), "audit-log.csv");
      } finally {
        await context.api("PATCH", "/workspace", { name: before.name, timeZone: before.timeZone });
      }
      assert.deepEqual(page.failures, []);
    },
  },
  {
    name: "who chose no language reads the workspace's",
    async run(context) {
      const { email } = await newcomer(context, "Lena");
      await context.api("PATCH", "/workspace", { language: "de" });
      const page = await context.freshPage();
      try {
        await signIn(context, page, email);
        await page.getByTitle(/^Konto/).waitFor();
        await page.reload();
        await page.getByTitle(/^Konto/).waitFor();
      } finally {
        await context.api("PATCH", "/workspace", { language: null });
      }
      await page.reload();
      await page.getByTitle(/^Account/).waitFor();
      // Some moments of two languages, and no more: nothing loads the page again and again.
      assert.deepEqual(page.failures, []);
    },
  },
  {
    name: "people sign in with the workspace's own identity provider",
    async run(context) {
      const provider = await startIdentityProvider(`${context.server.url}/sign-in/provider/callback`);
      context.closers.push(provider.stop);
      const admin = await context.signedInPage();
      await context.open(admin, "/settings");
      await admin.getByRole("button", { name: "Set up a provider" }).click();
      const fill = (label, value) => admin.getByLabel(label, { exact: true }).last().fill(value);
      await fill("Name", "Acme Login");
      await fill("Issuer", provider.issuer);
      await fill("Client ID", provider.client.client_id);
      await fill("Client secret", "not the secret");
      await fill("Email domains", "example.org");
      await admin.getByLabel("Add people who are not here yet").check();
      await admin.getByRole("button", { name: "Test" }).click();
      await admin.getByText("look at the client ID and the client secret").waitFor();
      await fill("Client secret", provider.client.client_secret);
      await admin.getByRole("button", { name: "Test" }).click();
      await admin.getByText("the provider knows the client", { exact: false }).waitFor();
      await admin.getByRole("button", { name: "Save provider" }).click();
      await admin.getByText("The provider is saved").waitFor();
      try {
        const page = await context.freshPage();
        const name = unique("olga").replaceAll(/\W+/g, "-");
        await signInWith(context, page, name);
        await page.getByTitle(/^Account/).waitFor();
        const { items } = await context.api("GET", "/users?take=100&order=desc");
        const user = items.find(({ email }) => email === `${name}@example.org`);
        assert.deepEqual([user?.role, user?.name], ["agent", `${name} of the provider`]);
        // Whoever came once is known again, and is no second one.
        await signOut(page);
        await page.getByRole("link", { name: "Continue with Acme Login" }).click();
        await page.getByTitle(/^Account/).waitFor();

        // An address that the provider does not vouch for opens nothing.
        const stranger = await context.freshPage();
        provider.unverified.add("mallory");
        await signInWith(context, stranger, "mallory");
        await stranger.getByText("does not vouch for your email address", { exact: false }).waitFor();
        // What was begun in another browser neither.
        const forged = await context.freshPage();
        await context.open(forged, "/sign-in/provider/callback?code=stolen&state=made-up");
        await forged.getByText("begun in another browser", { exact: false }).waitFor();
        const log = await context.api("GET", "/audit-log?action=session.created&take=1");
        assert.equal(log.items[0].actor.name, `${name}@example.org`);
      } finally {
        await context.api("DELETE", "/workspace/identity-provider");
      }
    },
  },
];

/** By the provider's own pages. */
async function signInWith(context, page, name) {
  await context.open(page, "/sign-in");
  await page.getByRole("link", { name: "Continue with Acme Login" }).click();
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}
