import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

/** A page that stays as it is: what changes on it was not asked for by whoever looks. */
async function watching(context, page, path) {
  const stream = page.waitForResponse(/events\/stream/);
  await context.open(page, path);
  await stream;
  await page.evaluate(() => (window.untouched = true));
}

export const live = [
  {
    name: "what one colleague changes of people, teams, notes and views, another one's open page shows at once",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel, { from: `Lena <${unique("lena").replaceAll(/\W+/g, "-")}@example.org>` });
      const page = await context.signedInPage();
      const ben = await context.colleaguePage("Ben");

      await watching(context, ben, "/teams");
      const [before, after] = [unique("Team"), unique("Renamed")];
      const team = await context.api("POST", "/teams", { name: before });
      await ben.getByRole("listitem").filter({ hasText: before }).waitFor();
      await context.open(page, "/teams");
      await page.getByRole("button", { name: `Edit the team ${before}` }).click();
      await page.getByRole("dialog").getByLabel("Name").fill(after);
      await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
      await ben.getByRole("listitem").filter({ hasText: after }).waitFor();
      await context.api("DELETE", `/teams/${team.id}`);
      await ben.getByRole("listitem").filter({ hasText: after }).waitFor({ state: "detached" });
      assert.ok(await ben.evaluate(() => window.untouched));

      await watching(context, ben, "/people");
      const name = unique("Dora");
      const email = `${name.toLowerCase().replaceAll(/\W+/g, "-")}@example.org`;
      const dora = await context.api("POST", "/users", { email, name, role: "agent", password: "a long pass phrase" });
      const row = ben.getByRole("listitem").filter({ hasText: name });
      await row.getByText("Invited", { exact: true }).waitFor();
      await context.open(page, "/people");
      await page.getByRole("button", { name: `Change ${name}` }).click();
      await page.getByRole("menuitem", { name: "Set away" }).click();
      await row.getByText("Away", { exact: true }).waitFor();
      await context.api("DELETE", `/users/${dora.id}`);
      await row.waitFor({ state: "detached" });
      // What an administrator changes of oneself, too.
      await context.api("PATCH", `/users/${ben.user.id}`, { role: "admin" });
      await ben.getByRole("button", { name: "Invite a colleague" }).waitFor();
      assert.ok(await ben.evaluate(() => window.untouched));

      await watching(context, ben, `/conversations/${conversation.id}`);
      await context.openConversation(page, conversation.id);
      await page.getByRole("textbox", { name: "New note about the contact" }).fill("Calls on Mondays");
      await page.getByRole("button", { name: "Add note" }).click();
      await ben.getByText("Calls on Mondays").waitFor();

      const [mine, shared] = [unique("Mine"), unique("Shared")];
      const saved = ben.getByRole("list", { name: "Saved views" });
      const save = async (view) => {
        const answer = await page.request.post(`${context.server.url}/api/v1/views`, { data: view, headers: { origin: context.server.url } });
        assert.equal(answer.status(), 201);
        return answer.json();
      };
      const own = await save({ name: mine, filter: { status: "open" } });
      const view = await save({ name: shared, filter: { status: "open" }, shared: true });
      await saved.getByRole("link", { name: shared }).waitFor();
      assert.equal(await saved.getByRole("link", { name: mine }).count(), 0);
      for (const { id } of [own, view]) {
        await page.request.delete(`${context.server.url}/api/v1/views/${id}`, { headers: { origin: context.server.url } });
      }
      await saved.getByRole("link", { name: shared }).waitFor({ state: "detached" });
      assert.ok(await ben.evaluate(() => window.untouched));
    },
  },
];
