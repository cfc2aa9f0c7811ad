import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

export const broadcasts = [
  {
    name: "a list is made, filled by hand and from a file, and people are taken off it",
    async run(context) {
      const name = unique("Readers");
      const page = await context.signedInPage();
      await context.open(page, "/lists");
      await page.getByRole("button", { name: "New list" }).first().click();
      await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill(name);
      await page.getByRole("button", { name: "Create list" }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      await page.getByRole("heading", { name: "Nobody is on this list yet" }).waitFor();

      await page.getByRole("button", { name: "Add member" }).click();
      const dialog = page.getByRole("dialog", { name: "Add member" });
      await dialog.getByLabel("Email address").fill("ada@example.org");
      await dialog.getByLabel("Variables").fill("{first_name}");
      await dialog.getByRole("button", { name: "Add to the list" }).click();
      await dialog.getByText("These are no JSON object.").waitFor();
      await dialog.getByLabel("Variables").fill('{"first_name": "Ada"}');
      await dialog.getByRole("button", { name: "Add to the list" }).click();
      await page.getByText("first_name: Ada").waitFor();

      await page.getByRole("button", { name: "Import CSV" }).click();
      const csv = "address,first_name\nbob@example.org,Bob\nno address,Nobody\n";
      await page.getByLabel("CSV file").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
      await page.getByRole("button", { name: "Import", exact: true }).click();
      const result = page.getByRole("dialog", { name: "2 rows read" });
      await result.getByText("1 address added").waitFor();
      await result.getByRole("row", { name: /^3 address / }).waitFor();
      await result.getByRole("button", { name: "Done" }).click();
      await page.getByText("2 members", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Remove ada@example.org" }).click();
      await page.getByText("1 member", { exact: true }).waitFor();

      await page.getByRole("button", { name: "Delete list" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete list" }).click();
      await page.getByText("List deleted").waitFor();
    },
  },
  {
    name: "a broadcast is written, tried, sent to its list, and counted",
    async run(context) {
      const useCase = await context.useCase();
      const list = await context.api("POST", "/lists", { name: unique("Readers") });
      const members = ["ada", "bob", "cleo"].map((name) => ({ address: `${unique(name)}@example.org`, variables: { first_name: name } }));
      await context.api("POST", `/lists/${list.id}/members`, { members });
      await context.api("POST", "/suppressions", { address: members[2].address, scope: "workspace", reason: "manual" });
      const name = unique("Spring");
      const page = await context.signedInPage();
      await context.open(page, `/lists/${list.id}`);
      await page.getByRole("link", { name: "New broadcast to it" }).click();
      await page.getByRole("heading", { name: "New broadcast", level: 1 }).waitFor();
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByText("Give the broadcast a name.").waitFor();
      await page.getByLabel("Name").fill(name);
      await page.getByLabel("Use case").selectOption(useCase.id);
      assert.equal(await page.getByLabel("List", { exact: true }).inputValue(), list.id);
      await page.getByRole("button", { name: "Written here" }).click();
      await page.getByLabel("Subject").fill("Hello {{first_name}}");
      await page.getByLabel("HTML").fill("<p>Spring is here, {{first_name}}.</p>");
      await page.frameLocator('iframe[title="The mail as its recipient sees it"]').getByText("Spring is here").waitFor();

      await page.getByRole("button", { name: "Send a test" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Send test" }).click();
      await page.getByText("Test sent").waitFor();

      await page.getByRole("link", { name: "Channels" }).click();
      const leaving = page.getByRole("dialog", { name: "Leave without saving?" });
      await leaving.getByRole("button", { name: "Stay here" }).click();
      await page.getByRole("button", { name: "Send", exact: true }).click();
      const asking = page.getByRole("dialog", { name: "Send to 3 members?" });
      await asking.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      await page.getByText("3 of 3 messages are through").waitFor();
      await page.getByText("Sent", { exact: true }).first().waitFor();
      const figure = (of) => page.locator("dl > div").filter({ has: page.getByText(of, { exact: true }) }).locator("dd");
      assert.match(await figure("Suppressed").innerText(), /^1/);

      await page.getByRole("link", { name: "Look at its messages" }).click();
      await page.getByText("Hello ada").waitFor();
      await context.open(page, "/broadcasts");
      await page.getByRole("link", { name: new RegExp(name) }).getByText("3 of 3").waitFor();
    },
  },
  {
    name: "a broadcast is kept as a draft, changed, scheduled, cancelled and deleted",
    async run(context) {
      const useCase = await context.useCase();
      const list = await context.api("POST", "/lists", { name: unique("Readers") });
      await context.api("POST", `/lists/${list.id}/members`, { members: [{ address: "ada@example.org" }] });
      const name = unique("Summer");
      const scheduledAt = new Date(Date.now() + 86_400_000).toISOString();
      const body = { name, useCaseId: useCase.id, listId: list.id, subject: "Hello", text: "Summer is here.", scheduledAt };
      const broadcast = await context.api("POST", "/broadcasts", body);
      const page = await context.signedInPage();
      await context.open(page, `/broadcasts/${broadcast.id}`);
      await page.getByText("Draft", { exact: true }).waitFor();
      await page.getByRole("link", { name: "Edit", exact: true }).click();
      await page.getByRole("heading", { name: "Edit broadcast", level: 1 }).waitFor();
      assert.equal(await page.getByLabel("Plain text").inputValue(), "Summer is here.");
      await page.getByLabel("Subject").fill("Hello again");
      await page.getByRole("button", { name: "Save changes" }).click();
      await page.getByRole("definition").getByText("Hello again", { exact: true }).waitFor();
      await page.getByText("Summer is here.", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Schedule" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Schedule" }).click();
      await page.getByText("Scheduled", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Cancel the broadcast" }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      await page.getByText("Cancelled", { exact: true }).first().waitFor();
      const { status, subject, text } = await context.api("GET", `/broadcasts/${broadcast.id}`);
      assert.deepEqual([status, subject, text], ["cancelled", "Hello again", "Summer is here."]);
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete the broadcast" }).click();
      await page.getByText("Broadcast deleted").waitFor();
      await context.counts(page.getByRole("link", { name: new RegExp(name) }), 0);
    },
  },
  {
    name: "a broadcast whose choices could not be loaded says so, and loads them when asked again",
    async run(context) {
      const list = await context.api("POST", "/lists", { name: unique("Readers") });
      const page = await context.signedInPage();
      const refused = { title: "Internal Server Error", status: 500, detail: "the database is away", code: "internal" };
      await page.route("**/api/v1/lists?*", (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify(refused) }));
      await context.open(page, "/broadcasts/new");
      const notice = page.getByRole("alert").filter({ hasText: "What there is to choose from could not be loaded" });
      await notice.waitFor();
      await page.getByLabel("Name").fill("Spring");
      await page.unroute("**/api/v1/lists?*");
      await notice.getByRole("button", { name: "Try again" }).click();
      await page.getByLabel("List", { exact: true }).selectOption(list.id);
      await context.counts(notice, 0);
      assert.equal(await page.getByLabel("Name").inputValue(), "Spring");
      await context.api("DELETE", `/lists/${list.id}`);
    },
  },
];
