import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

/** The link of the newest invitation to an address, as the mail in the sandbox has it. */
async function linkOf(context, address) {
  const { items } = await context.api("GET", `/messages?direction=outbound&tag=invitation&recipient=${encodeURIComponent(address)}`);
  const answer = await fetch(`${context.server.url}/api/v1/messages/${items[0].id}/raw`, {
    headers: { authorization: `Bearer ${context.server.apiKey}` },
  });
  // Soft line breaks (RFC 2045 §6.7) undone.
  const raw = (await answer.text()).replaceAll("=\r\n", "").replaceAll("=3D", "=");
  return /https?:\/\/\S+\/sign-in\?token=\S+/.exec(raw)[0];
}

export const colleague = [
  {
    name: "an invited colleague comes in by the mail's link, chooses a password and answers a conversation",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const address = `${unique("cy")}@example.org`;
      const admin = await context.signedInPage();
      await context.open(admin, "/people");
      await admin.getByRole("button", { name: "Invite a colleague" }).click();
      await admin.getByRole("button", { name: "Send invitation" }).click();
      await admin.getByText("Enter the address of your colleague.").waitFor();
      await admin.getByLabel("Email address").fill(address);
      await admin.getByLabel("Name").fill("Cy");
      await admin.getByLabel("Sent by").selectOption({ label: channel.name });
      await admin.getByRole("button", { name: "Send invitation" }).click();
      await admin.getByRole("heading", { name: "Cy is invited" }).waitFor();
      await admin.getByRole("button", { name: "Done" }).click();
      const row = admin.getByRole("listitem").filter({ hasText: address });
      await row.getByText("Invited", { exact: true }).waitFor();

      const first = await linkOf(context, address);
      await row.getByRole("button", { name: "Change Cy" }).click();
      const again = admin.waitForResponse((response) => response.url().endsWith("/invite") && response.status() === 202);
      await admin.getByRole("menuitem", { name: "Send the invitation again" }).click();
      await again;
      const link = await linkOf(context, address);
      assert.notEqual(link, first);

      const page = await context.freshPage();
      await page.goto(first);
      await page.getByText("This sign-in link can't be used").waitFor();
      await page.goto(link);
      await page.getByRole("heading", { name: /^Welcome to/ }).waitFor();
      await page.getByLabel("New password").fill("short");
      await page.getByRole("button", { name: "Set password" }).click();
      await page.getByText("At least 8 characters are needed.").waitFor();
      await page.getByLabel("New password").fill("long enough for Cy");
      await page.getByRole("button", { name: "Set password" }).click();
      await page.waitForURL(/\/conversations/);
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      await page.getByRole("textbox", { name: "Message" }).waitFor();
      await page.keyboard.type("It is done.");
      await page.keyboard.press("Control+Enter");
      const users = await context.api("GET", "/users?take=100");
      const cy = users.items.find((user) => user.email === address);
      await context.eventually("the answer", async () => {
        const { items } = await context.api("GET", `/conversations/${conversation.id}/messages`);
        return items.some((message) => message.direction === "outbound" && message.authorId === cy.id);
      });
      assert.ok(cy.lastSignInAt);

      // What is the administrators' is shown, and not offered.
      await context.open(page, "/people");
      await page.getByRole("listitem").filter({ hasText: address }).getByText("(you)").waitFor();
      await context.counts(page.getByRole("button", { name: "Invite a colleague" }), 0);
      await context.counts(page.getByRole("button", { name: /^Change / }), 0);
      assert.deepEqual(page.failures, []);

      await context.open(admin, "/people");
      await row.getByText(/Last signed in/).waitFor();
      await row.getByRole("button", { name: "Change Cy" }).click();
      await admin.getByRole("menuitem", { name: "Remove" }).click();
      await admin.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await row.waitFor({ state: "detached" });
      await context.open(page, "/people");
      await page.getByRole("button", { name: "Sign in" }).waitFor();
    },
  },
  {
    name: "a team is made, gets a channel's mail, hands it out, and is found by its chip",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const name = unique("Team");
      const page = await context.signedInPage();
      await context.open(page, "/teams");
      await page.getByRole("button", { name: "New team" }).first().click();
      await page.getByLabel("Name").fill(name);
      await page.getByLabel("Go to one member after the other").check();
      const me = (await context.api("GET", "/users")).items.find((user) => user.email === context.server.email);
      await page.getByRole("group", { name: "Members" }).getByRole("checkbox", { name: new RegExp(me.name ?? me.email) }).check();
      await page.getByRole("button", { name: "Create team" }).click();
      await page.getByRole("listitem").filter({ hasText: name }).getByText("In turn").waitFor();

      await context.open(page, `/channels/${channel.id}`);
      await page.getByLabel("Team").selectOption({ label: name });
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await context.eventually("its team", async () => (await context.api("GET", `/channels/${channel.id}`)).teamId != null);
      const { conversation, subject } = await context.receive(channel);
      assert.equal(conversation.assigneeId, me.id);

      // Away, nobody is given it; by hand it is somebody's again.
      await page.getByTitle(/^Account/).click();
      await page.getByRole("menuitem", { name: "Set yourself away" }).click();
      await context.eventually("away", async () => (await context.api("GET", `/users/${me.id}`)).available === false);
      const { conversation: waiting, subject: later } = await context.receive(channel);
      assert.equal(waiting.assigneeId, null);
      await context.open(page, "/conversations");
      await page.getByRole("button", { name: /^Team/ }).click();
      await page.getByRole("menuitemradio", { name }).click();
      await page.getByRole("link", { name: new RegExp(subject) }).waitFor();
      await page.getByRole("link", { name: new RegExp(later) }).getByText(name).waitFor();
      await context.api("PATCH", `/users/${me.id}`, { available: true });

      const other = await context.channel({ provider: "sandbox" });
      const { conversation: given } = await context.receive(other);
      await context.openConversation(page, given.id);
      await page.getByRole("button", { name: /^Assign:/ }).click();
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
      const assigned = await context.eventually("the team's conversation", async () => {
        const found = await context.api("GET", `/conversations/${given.id}`);
        return found.teamId !== null && found;
      });
      assert.equal(assigned.assigneeId, me.id);

      await context.open(page, "/teams");
      await page.getByRole("button", { name: `Delete the team ${name}` }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByText("Team deleted").waitFor();
      assert.equal((await context.api("GET", `/conversations/${given.id}`)).teamId, null);
    },
  },
];
