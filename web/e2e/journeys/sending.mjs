import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

export const sending = [
  {
    name: "an address is suppressed, found on the list, and taken off it",
    async run(context) {
      const address = `${unique("quiet")}@example.org`;
      const page = await context.signedInPage();
      await context.open(page, "/suppressions");
      await page.getByRole("button", { name: "Add address" }).click();
      const dialog = page.getByRole("dialog", { name: "Add address" });
      await dialog.getByRole("button", { name: "Suppress address" }).click();
      await dialog.getByText("Enter an email address.").waitFor();
      await dialog.getByLabel("Email address").fill(address);
      await dialog.getByLabel("Note").fill("Asked by letter");
      await dialog.getByRole("button", { name: "Suppress address" }).click();
      await page.getByText(`${address} is suppressed`).waitFor();
      const { items } = await context.api("GET", `/suppressions?address=${encodeURIComponent(address)}`);
      assert.deepEqual(
        items.map(({ scope, reason, detail }) => ({ scope, reason, detail })),
        [{ scope: "workspace", reason: "manual", detail: "Asked by letter" }],
      );

      const field = page.getByRole("searchbox", { name: "Find an address" });
      await field.fill("nobody@example.org");
      await field.press("Enter");
      await page.getByRole("heading", { name: "No such suppression" }).waitFor();
      await field.fill(address);
      await field.press("Enter");
      await page.getByText("1 suppression", { exact: true }).waitFor();
      await page.getByRole("button", { name: `Remove ${address}` }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await page.getByText(`${address} is written to again`).waitFor();
      await page.getByRole("heading", { name: "No such suppression" }).waitFor();
    },
  },
  {
    name: "a list is imported, and the rows that are wrong are named by their line",
    async run(context) {
      const name = unique("list");
      const page = await context.signedInPage();
      await context.open(page, "/suppressions");
      await page.getByRole("button", { name: "Import CSV" }).click();
      const csv = `address\n${name}-1@example.org\nno address\n${name}-2@example.org\n`;
      await page.getByLabel("CSV file").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
      await page.getByRole("button", { name: "Import", exact: true }).click();
      const result = page.getByRole("dialog", { name: "3 rows read" });
      await result.getByText("2 addresses added").waitFor();
      await result.getByRole("row", { name: /^3 address / }).waitFor();
      await result.getByRole("button", { name: "Done" }).click();
      await page.getByText(`${name}-1@example.org`).waitFor();
    },
  },
  {
    name: "the figures count the mail that arrives, in the chart and in the table",
    async run(context) {
      const channel = await context.channel();
      const page = await context.signedInPage();
      await context.open(page, `/analytics?range=7&channel=${channel.id}`);
      await page.getByRole("heading", { name: "Nothing happened in this time" }).waitFor();
      await context.receive(channel);
      await context.eventually("the mail to be counted", async () => {
        const { received } = await context.api("GET", `/analytics/summary?channelId=${channel.id}`);
        return received === 1;
      });
      await page.reload();
      await page.getByRole("img", { name: /^Sent, delivered and bounced by day/ }).waitFor();
      const tile = page.locator("dl > div").filter({ has: page.getByText("Received", { exact: true }) });
      assert.equal(await tile.locator("dd").first().innerText(), "1");
      await page.getByRole("button", { name: "Show as table" }).click();
      await context.counts(page.getByRole("row"), 8);
      assert.match(await page.getByRole("row").nth(1).innerText(), /\b1$/);
    },
  },
  {
    name: "a domain is added, shows the records to publish, and is deleted",
    async run(context) {
      const name = `${unique("mail")}.example.org`;
      const page = await context.signedInPage();
      await context.open(page, "/");
      await page.getByRole("link", { name: "Domains" }).waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("d");
      await page.getByRole("heading", { name: "Domains", level: 1 }).waitFor();
      await page.getByRole("button", { name: "Add domain" }).first().click();
      const dialog = page.getByRole("dialog", { name: "Add domain" });
      await dialog.getByRole("textbox", { name: "Domain" }).fill(name);
      await dialog.getByRole("button", { name: "Add domain" }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      await page.getByText("Waiting for DNS").waitFor();
      const spf = page.getByRole("article", { name: /^SPF/ });
      await spf.getByText(/^v=spf1 /).waitFor();
      await page.getByRole("article", { name: /^DKIM/ }).first().getByText(/^v=DKIM1; /).waitFor();
      await spf.getByRole("button", { name: "Copy: the value of the SPF record" }).click();
      await spf.getByText("Copied").waitFor();
      assert.equal(await page.getByRole("button", { name: "New use case" }).isDisabled(), true);
      await page.getByRole("button", { name: "Delete domain" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete domain" }).click();
      await page.getByText("Domain deleted").waitFor();
      await page.getByRole("heading", { name: "Domains", level: 1 }).waitFor();
      await context.counts(page.getByText(name, { exact: true }), 0);
    },
  },
  {
    name: "a template is written, told its fault, previewed without scripts, and sent as a test",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const name = unique("welcome");
      const page = await context.signedInPage();
      await context.open(page, "/templates");
      await page.getByRole("button", { name: "New template" }).first().click();
      const dialog = page.getByRole("dialog", { name: "New template" });
      await dialog.getByRole("textbox", { name: "Name" }).fill(name);
      await dialog.getByRole("button", { name: "Create template" }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();

      const source = page.getByRole("textbox", { name: "Source" });
      await source.fill("<p>{{#if first_name}}Hello</p>");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText(/line 1, column/i).first().waitFor();
      await source.fill("<p>Hello {{first_name}}</p><script>parent.document.title = 'taken over'</script>");
      await page.getByRole("textbox", { name: "Subject" }).fill("For {{first_name}}");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved as version 2").waitFor();

      await page.getByText("Missing or wrong, so a message would be refused:").waitFor();
      await page.getByRole("textbox", { name: "Variables" }).fill('{"first_name": "Ada"}');
      await page.getByText("For Ada", { exact: true }).waitFor();
      await page.frameLocator('iframe[title="The mail as its recipient sees it"]').getByText("Hello Ada").waitFor();
      assert.doesNotMatch(await page.title(), /taken over/);

      await page.getByRole("button", { name: "Send a test" }).click();
      const test = page.getByRole("dialog", { name: "Send a test" });
      await test.getByLabel("To").fill("ada@example.org");
      await test.getByLabel("From channel").selectOption(channel.id);
      await test.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByText("Test sent").waitFor();
      const { items } = await context.api("GET", `/messages?channelId=${channel.id}&tag=template-test`);
      assert.equal(items[0].content.email.subject, "For Ada");

      await source.fill("<p>Not saved</p>");
      const leaving = page.getByRole("dialog", { name: "Leave without saving?" });
      await page.getByRole("link", { name: "Channels" }).click();
      await leaving.getByRole("button", { name: "Stay here" }).click();
      await page.evaluate(() => history.back());
      await leaving.getByRole("button", { name: "Stay here" }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      assert.equal(await source.inputValue(), "<p>Not saved</p>");
      const asked = page.waitForEvent("dialog");
      const closing = page.close({ runBeforeUnload: true });
      await (await asked).dismiss();
      await closing;
      await page.evaluate(() => history.back());
      await leaving.getByRole("button", { name: "Leave" }).click();
      await page.getByRole("heading", { name: "Templates", level: 1 }).waitFor();
      await page.getByRole("link", { name: new RegExp(name) }).click();
      assert.match(await source.inputValue(), /^<p>Hello /);

      await source.fill("<p>Not saved either</p>");
      await page.getByRole("button", { name: "Delete template" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete template" }).click();
      await page.getByText("Template deleted").waitFor();
    },
  },
];
