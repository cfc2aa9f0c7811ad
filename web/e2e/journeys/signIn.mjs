import assert from "node:assert/strict";

export const signIn = [
  {
    name: "a wrong password is refused in words, the right one opens the inbox, signing out closes it",
    async run(context) {
      const page = await context.freshPage();
      await context.open(page, "/channels");
      await page.getByLabel("Email").fill(context.server.email);
      await page.getByLabel("Password").fill("not the password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").getByText("Could not sign in").waitFor();

      await page.getByLabel("Password").fill(context.server.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      // Where one wanted to go, not somewhere else.
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();

      await page.getByTitle(/^Account/).click();
      await page.getByRole("menuitem", { name: "Sign out" }).click();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await context.open(page, "/conversations");
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      assert.deepEqual(page.foreign, [], "the dashboard asks nobody else");
    },
  },
  {
    name: "a sign-in link that is no good says so and leaves the form",
    async run(context) {
      const page = await context.freshPage();
      await context.open(page, "/sign-in?token=not-a-token");
      await page.getByText("This sign-in link can't be used").waitFor();
      await page.getByLabel("Password").waitFor();
    },
  },
];
