import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { unique } from "../mail.mjs";

/** Somebody with an address of their own: the other journeys share Ada. */
async function someone(context, name, channel) {
  const address = `${unique(name.toLowerCase()).replaceAll(/\W+/g, "-")}@example.org`;
  const mail = await context.receive(channel, { from: `${name} <${address}>` });
  return { address, ...mail };
}

export const contacts = [
  {
    name: "a contact's name, attributes, addresses and notes are changed beside the conversation and on their page",
    async run(context) {
      const channel = await context.channel();
      const { conversation, address, subject } = await someone(context, "Quinn Vex", channel);
      const { contactId } = conversation;
      const now = () => context.api("GET", `/contacts/${contactId}`);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      const panel = page.getByRole("complementary");
      await panel.getByRole("textbox", { name: "New note about the contact" }).fill("Calls on Mondays");
      await panel.getByRole("button", { name: "Add note" }).click();
      await panel.getByText("Calls on Mondays").waitFor();
      await panel.getByRole("button", { name: "Change the name" }).click();
      await panel.getByRole("textbox", { name: "Name", exact: true }).fill("Quinn V.");
      await page.keyboard.press("Enter");
      await context.eventually("the name", async () => (await now()).name === "Quinn V.");

      await panel.getByRole("button", { name: "Add attribute" }).click();
      await panel.getByRole("textbox", { name: "Attribute", exact: true }).fill("seats");
      await panel.getByRole("combobox", { name: "Kind" }).selectOption("Number");
      await panel.getByRole("textbox", { name: "Value" }).fill("twelve");
      await panel.getByRole("button", { name: "Save" }).click();
      await panel.getByText("Enter a number").waitFor();
      await panel.getByRole("textbox", { name: "Value" }).fill("12");
      await panel.getByRole("button", { name: "Save" }).click();
      await context.eventually("a number, and no text", async () => (await now()).attributes.seats === 12);

      await panel.getByRole("link", { name: "Open contact" }).click();
      await page.getByRole("heading", { name: "Quinn V.", level: 1 }).waitFor();
      await page.getByRole("link", { name: new RegExp(subject) }).first().waitFor();
      const second = `second-${address}`;
      await page.getByRole("button", { name: "Add address" }).click();
      await page.getByRole("textbox", { name: "Email address" }).fill(second);
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: `${second}: actions` }).click();
      await page.getByRole("menuitem", { name: "Write to this one" }).click();
      await context.eventually("another primary address", async () => (await now()).addresses.some((each) => each.primary && each.address === second));
      await page.getByRole("button", { name: "Actions of the note" }).click();
      await page.getByRole("menuitem", { name: "Edit" }).click();
      await page.getByRole("textbox", { name: "The note", exact: true }).fill("Calls on Tuesdays");
      await page.getByRole("button", { name: "Save note" }).click();
      await page.getByText("Calls on Tuesdays").waitFor();

      // Found by the beginning of a name.
      await context.open(page, "/contacts");
      await page.getByRole("searchbox", { name: "Find a contact" }).fill("quinn v.");
      await page.getByRole("link", { name: /Quinn V\./ }).first().waitFor();
      assert.deepEqual(page.failures, []);
    },
  },
  {
    name: "two contacts that are one person become one",
    async run(context) {
      const channel = await context.channel();
      const home = await someone(context, "Mira Home", channel);
      const work = await someone(context, "Zora Work", channel);
      const page = await context.signedInPage();
      await context.open(page, `/contacts/${home.conversation.contactId}`);
      await page.getByRole("button", { name: "More about Mira Home" }).click();
      await page.getByRole("menuitem", { name: "Merge with another contact" }).click();
      await page.getByLabel("Who is the same person?").fill(work.address);
      await page.getByRole("button", { name: /Zora Work/ }).click();
      await page.getByRole("button", { name: "Merge Zora Work" }).click();
      await page.getByText("Zora Work is merged").waitFor();
      await page.getByRole("link", { name: new RegExp(work.subject) }).first().waitFor();
      await context.open(page, `/contacts/${work.conversation.contactId}`);
      await page.waitForURL(new RegExp(home.conversation.contactId));
    },
  },
  {
    name: "a contact's data is exported, and the contact erased for good",
    async run(context) {
      const channel = await context.channel();
      const { conversation, address, subject } = await someone(context, "Gone Soon", channel);
      const page = await context.signedInPage();
      await context.open(page, `/contacts/${conversation.contactId}`);
      const menu = () => page.getByRole("button", { name: "More about Gone Soon" }).click();
      await menu();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Export data" }).click()]);
      assert.equal(download.suggestedFilename(), `${conversation.contactId}.zip`);
      const archive = (await readFile(await download.path())).toString("latin1");
      assert.ok(archive.includes("contact.json") && /messages\/msg_\w+\.eml/.test(archive), "the archive has no mail");

      await menu();
      await page.getByRole("menuitem", { name: "Erase contact" }).click();
      await page.getByRole("dialog").getByText("1 conversation").waitFor();
      await page.getByRole("button", { name: "Erase for good" }).click();
      await page.getByText("This is not the address above.").waitFor();
      await page.getByLabel(`Type ${address} to go on`).fill(address);
      await page.getByRole("button", { name: "Erase for good" }).click();
      await page.getByText("The contact is erased").waitFor();
      await context.eventually("the erasure to be done", async () => {
        const { items } = await context.api("GET", "/erasures");
        return items.find((each) => each.contactId === conversation.contactId)?.status === "done";
      });
      await context.open(page, "/conversations?status=all");
      await page.locator("[data-row]").first().waitFor();
      await context.counts(page.getByRole("link", { name: new RegExp(subject) }), 0);
      await context.open(page, "/retention");
      await page.getByText(conversation.contactId).waitFor();
      await page.getByText("Done").first().waitFor();
    },
  },
  {
    name: "what a retention rule would take is counted before it is saved",
    async run(context) {
      const page = await context.signedInPage();
      await context.open(page, "/retention");
      const days = page.getByLabel("Erase resolved conversations after so many days");
      await days.fill("none");
      await page.getByRole("button", { name: "See what would go" }).click();
      await page.getByText("Enter whole days").waitFor();
      await days.fill("3650");
      await page.getByRole("button", { name: "See what would go" }).click();
      await page.getByText("Nothing would go by now.").waitFor();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("The rules hold from now on").waitFor();
      assert.equal((await context.api("GET", "/retention")).resolvedDays, 3650);
      await context.api("PUT", "/retention", {});
    },
  },
  {
    name: "a survey is answered in the browser and seen beside the conversation",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const page = await context.signedInPage();
      await context.open(page, `/channels/${channel.id}`);
      await page.getByLabel("Ask how the help was").check();
      await page.getByLabel("Hours after it is resolved").fill("0");
      await page.locator("form", { has: page.getByLabel("Ask how the help was") }).getByRole("button", { name: "Save" }).click();
      await context.eventually("the survey's settings", async () => (await context.api("GET", `/channels/${channel.id}/survey`)).enabled);
      const { conversation } = await someone(context, "Rhea Rates", channel);
      await context.openConversation(page, conversation.id);
      await page.getByRole("button", { name: "Resolve" }).click();
      const survey = await context.eventually("the survey's mail", async () => {
        const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
        return items.find((each) => each.customData.surveyId);
      });
      const answer = await fetch(`${context.server.url}/api/v1/messages/${survey.id}/raw`, { headers: { authorization: `Bearer ${context.server.apiKey}` } });
      const raw = (await answer.text()).replaceAll("=\r\n", "").replaceAll("=3D", "=");
      const link = /http\S+\/survey\/[\w-]+\/[\w-]+/.exec(raw)[0];

      const stranger = await context.freshPage();
      await stranger.goto(`${link}?rating=ok`);
      await stranger.getByRole("heading", { name: "How was our help?" }).waitFor();
      assert.equal(await stranger.getByRole("radio", { name: "OK" }).isChecked(), true);
      assert.equal((await context.api("GET", `/conversations/${conversation.id}`)).rating, undefined);
      await stranger.getByRole("radio", { name: "Good" }).check();
      await stranger.getByLabel(/Anything to add/).fill("Quick, and <kind>");
      await stranger.getByRole("button", { name: "Send the answer" }).click();
      await stranger.getByRole("heading", { name: "Thank you" }).waitFor();
      assert.deepEqual(await stranger.context().cookies(), []);

      const panel = page.getByRole("complementary");
      await panel.getByText("Quick, and <kind>").waitFor();
      await context.open(page, "/ratings?by=channel&days=7");
      await page.getByRole("row", { name: new RegExp(channel.name) }).getByText("100%").waitFor();
      await page.getByRole("link", { name: /Quick, and <kind>/ }).waitFor();
      assert.deepEqual(page.failures, []);
    },
  },
];
