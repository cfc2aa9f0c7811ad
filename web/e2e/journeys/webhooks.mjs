import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

export const webhooks = [
  {
    name: "a webhook is created, shows its secret once, gets events, and shows each delivery",
    async run(context) {
      const listener = await context.webhookListener();
      const channel = await context.channel();
      const page = await context.signedInPage();
      await context.open(page, "/webhooks");
      await page.getByRole("button", { name: "New webhook" }).first().click();
      await page.getByLabel("URL").fill(listener.url);
      await page.getByRole("button", { name: "Create webhook" }).click();
      const dialog = page.getByRole("dialog", { name: "The signing secret" });
      assert.match(await dialog.locator("code").innerText(), /^whsec_/);
      await dialog.getByRole("button", { name: "I have stored it" }).click();

      await page.getByRole("button", { name: "Send a test event" }).click();
      await page.getByRole("button", { name: /webhook\.test/ }).waitFor();
      await context.receive(channel);
      const delivery = page.getByRole("button", { name: /message\.received.*200.*Delivered/s });
      await delivery.waitFor();
      await delivery.click();
      await page.getByText("thank you").waitFor();
      const received = listener.requests.find(({ body }) => body.includes("message.received"));
      assert.ok(received.headers["webhook-signature"].startsWith("v1,"));

      const before = listener.requests.length;
      await page.getByRole("button", { name: "Try again now" }).click();
      await context.eventually("the second delivery", async () => listener.requests.length > before);

      await page.getByRole("button", { name: "Disable" }).click();
      await page.getByText("Disabled", { exact: true }).first().waitFor();
      await page.getByRole("button", { name: "Delete webhook" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete webhook" }).click();
      await page.getByText("Webhook deleted").waitFor();
    },
  },
  {
    name: "an API key is shown once, works within its scopes, and is refused once revoked",
    async run(context) {
      const page = await context.signedInPage();
      await context.open(page, "/api-keys");
      await page.getByRole("button", { name: "New key" }).first().click();
      const dialog = page.getByRole("dialog", { name: "New key" });
      const name = unique("Key");
      await dialog.getByRole("textbox", { name: "Name" }).fill(name);
      await dialog.getByLabel("channels:read").check();
      await dialog.getByRole("button", { name: "Create key" }).click();
      const shown = page.getByRole("dialog", { name: "Your new key" });
      const key = await shown.locator("code").innerText();
      await shown.getByRole("button", { name: "I have stored it" }).click();
      const ask = async (path) =>
        (await fetch(`${context.server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } })).status;
      assert.equal(await ask("/channels"), 200);
      assert.equal(await ask("/webhooks"), 403);
      await page.getByRole("button", { name: `Revoke ${name}` }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await page.getByText("Key revoked").waitFor();
      await context.eventually("the key to be refused", async () => (await ask("/channels")) === 401);
    },
  },
  {
    name: "who is no administrator is offered nothing of webhooks, keys, domains and the audit log that the server would refuse",
    async run(context) {
      const endpoint = await context.api("POST", "/webhooks", { url: "https://hooks.example.org/agent", events: ["*"] });
      const page = await context.colleaguePage("Agent");
      await context.open(page, `/webhooks/${endpoint.id}`);
      await page.getByText("Only administrators set up and change webhooks.").waitFor();
      for (const name of ["Send a test event", "Disable", "Edit", "Delete webhook"]) {
        assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
      }
      assert.equal(await page.getByRole("link", { name: "API keys" }).count(), 0);
      await context.open(page, "/webhooks");
      await page.getByRole("link", { name: /hooks\.example\.org\/agent/ }).waitFor();
      assert.equal(await page.getByRole("button", { name: "New webhook" }).count(), 0);
      await context.open(page, "/api-keys");
      await page.getByRole("heading", { name: "Only administrators see and change API keys." }).waitFor();
      await context.open(page, "/audit-log");
      await page.getByRole("heading", { name: "Only administrators see the audit log." }).waitFor();
      await context.open(page, "/business-hours");
      await page.getByText("Only administrators change the business hours.").waitFor();
      const domain = await context.api("POST", "/domains", { name: "agents.example.org" });
      await context.open(page, `/domains/${domain.id}`);
      await page.getByText("Only administrators add and change domains and their use cases.").waitFor();
      for (const name of ["Check now", "New use case", "Delete domain"]) {
        assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
      }
      assert.deepEqual(page.answers.filter((answer) => answer.startsWith("403")), []);
      await context.api("DELETE", `/webhooks/${endpoint.id}`);
      await context.api("DELETE", `/domains/${domain.id}`);
    },
  },
];
