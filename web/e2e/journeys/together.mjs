import assert from "node:assert/strict";
import { unique } from "../mail.mjs";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FAAhKDveksOjmAAAAAElFTkSuQmCC",
  "base64",
);

async function write(page, text) {
  const editor = page.getByRole("textbox", { name: "Message" });
  await editor.waitFor();
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text);
  return editor;
}

async function messagesOf(context, id) {
  return (await context.api("GET", `/conversations/${id}/messages`)).items;
}

export const together = [
  {
    name: "two agents at one conversation see each other, and neither answers over the other unseen",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const ada = await context.colleaguePage("Ada");
      const ben = await context.colleaguePage("Ben");
      await context.openConversation(ada, conversation.id);
      await context.openConversation(ben, conversation.id);
      await ben.getByText("Ada is here too").first().waitFor();
      await ada.getByText("Ben is here too").first().waitFor();

      await ada.keyboard.press("r");
      await write(ada, "Here is the answer.");
      await ben.getByText("Ada is writing…").first().waitFor();
      await ben.keyboard.press("r");
      await write(ben, "Mine is another.");
      await ada.keyboard.press("Control+Enter");
      await ben.getByText("Ada answered while you were writing.").waitFor();
      // What the notice says is held to, even by those who do not read it.
      await ben.keyboard.press("Control+Enter");
      await ben.getByRole("button", { name: "Send anyway" }).waitFor();
      assert.equal((await messagesOf(context, conversation.id)).length, 2);
      await ben.getByRole("button", { name: "Send anyway" }).click();
      await context.eventually("the second answer", async () => (await messagesOf(context, conversation.id)).length === 3);

      await ada.close();
      await ben.getByText("Ada is here too").first().waitFor({ state: "detached" });
    },
  },
  {
    name: "a draft with its file is on every device, and two changes at once are for its author to decide",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const desk = await context.colleaguePage("Cleo");
      await context.openConversation(desk, conversation.id);
      await desk.keyboard.press("r");
      await write(desk, "Begun at the desk");
      await desk.setInputFiles("input[type=file]", { name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("the plan") });
      await desk.getByRole("link", { name: "plan.txt" }).waitFor();

      const phone = await context.freshPage({ viewport: { width: 390, height: 844 }, storageState: await desk.context().storageState() });
      await phone.addInitScript(() => localStorage.clear());
      const kept = () => phone.request.get(`${context.server.url}/api/v1/drafts/${conversation.id}`);
      await context.eventually("the draft with its file on the server", async () => {
        const answer = await kept();
        return answer.ok() && (await answer.json()).content.files.length === 1;
      });
      await context.open(phone, `/conversations/${conversation.id}`);
      const editor = phone.getByRole("textbox", { name: "Message" });
      await editor.getByText("Begun at the desk").waitFor();
      await phone.getByRole("link", { name: "plan.txt" }).waitFor();

      // The desk loses its line, and both go on.
      await desk.context().setOffline(true);
      await write(desk, ", and on");
      await write(phone, ", done on the phone");
      await context.eventually("the phone's draft on the server", async () => (await (await kept()).json()).content.text.endsWith("phone"));
      await desk.context().setOffline(false);
      await desk.getByText("This draft was changed on another device too").waitFor();
      await desk.getByRole("button", { name: "Use that one" }).click();
      await desk.getByRole("textbox", { name: "Message" }).getByText("Begun at the desk, done on the phone").waitFor();

      await desk.keyboard.press("Escape");
      await desk.getByRole("button", { name: "Send", exact: true }).click();
      await phone.getByRole("button", { name: "Write a reply" }).waitFor();
      const sent = (await messagesOf(context, conversation.id)).at(-1);
      assert.match(sent.content.email.text, /^Begun at the desk, done on the phone/);
      assert.deepEqual(sent.content.email.attachments.map((file) => file.filename), ["plan.txt"]);
    },
  },
  {
    name: "a canned answer knows whom it is for, and a pasted image stays where it was pasted",
    async run(context) {
      const name = unique("refund").replaceAll(/\W+/g, "_");
      const content = { subject: "x", html: "<p>Dear {{contact.firstName}}, {{order_number}} is on its way.</p>" };
      await context.api("POST", "/templates", { name, channel: "email", content });
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      const editor = await write(page, `/${name}`);
      await page.getByRole("option", { name }).waitFor();
      await page.keyboard.press("Enter");
      // What nobody told it is seen where it is missing.
      await editor.getByText("Dear Ada, [order_number] is on its way.").waitFor();
      await page.getByText("Fill in what the template does not know: order_number").waitFor();
      await editor.evaluate((element, base64) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "chart.png", { type: "image/png" }));
        element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      }, PNG.toString("base64"));
      await editor.locator("img").waitFor();
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=outbound]").waitFor();
      const { email } = (await messagesOf(context, conversation.id)).at(-1).content;
      assert.match(email.html, /src="cid:image-/);
      assert.deepEqual(email.attachments.map(({ filename, disposition }) => [filename, disposition]), [["chart.png", "inline"]]);
      const shown = page.locator("article[data-direction=outbound]").frameLocator("iframe").locator("img");
      await context.eventually("the image in the mail", () => shown.evaluate((image) => image.naturalWidth === 10));
    },
  },
  {
    name: "a canned answer carries the link of a survey, which the person who gets it answers",
    async run(context) {
      const name = unique("done").replaceAll(/\W+/g, "_");
      const content = { subject: "x", html: '<p>Done. <a href="{{surveyUrl}}">How was it?</a></p>' };
      await context.api("POST", "/templates", { name, channel: "email", content });
      const channel = await context.channel({ provider: "sandbox" });
      const { conversation } = await context.receive(channel);
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.keyboard.press("r");
      const editor = await write(page, `/${name}`);
      await page.getByRole("option", { name }).waitFor();
      await page.keyboard.press("Enter");
      await editor.getByText("How was it?").waitFor();
      await page.keyboard.press("Control+Enter");
      await page.locator("article[data-direction=outbound]").waitFor();
      const { email } = (await messagesOf(context, conversation.id)).at(-1).content;
      const link = /href="(http[^"]+\/survey\/[^"]+)"/.exec(email.html)?.[1];
      assert.ok(link, email.html);
      const stranger = await context.freshPage();
      await stranger.goto(link);
      await stranger.getByRole("radio", { name: "Good" }).check();
      await stranger.getByRole("button", { name: "Send the answer" }).click();
      await stranger.getByRole("heading", { name: "Thank you" }).waitFor();
      assert.equal((await context.api("GET", `/conversations/${conversation.id}`)).rating.rating, "good");
    },
  },
  {
    name: "a conversation is merged, split and moved, a message is forwarded, and what can be undone is",
    async run(context) {
      const channel = await context.channel({ provider: "sandbox" });
      const sales = await context.channel({ provider: "sandbox" });
      const one = await context.receive(channel);
      const two = await context.receive(channel);
      const now = () => context.api("GET", `/conversations/${one.conversation.id}`);
      const page = await context.signedInPage();
      await context.openConversation(page, one.conversation.id);
      await page.getByRole("button", { name: "More", exact: true }).click();
      await page.getByRole("menuitem", { name: /^Merge with/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: new RegExp(two.subject) }).click();
      await page.locator("article").nth(1).waitFor();
      assert.equal((await now()).messageCount, 2);
      await page.getByRole("button", { name: "Undo" }).click();
      await context.eventually("the merge undone", async () => (await now()).messageCount === 1);
      // What is forwarded is the newest on screen: the one that left must have left there too.
      await page.locator("article").nth(1).waitFor({ state: "detached" });

      await page.keyboard.press("f");
      await page.getByLabel("To", { exact: true }).fill("maker@example.org");
      await write(page, "Can you help?");
      await page.keyboard.press("Control+Enter");
      const sent = page.locator("article[data-direction=outbound]");
      await sent.waitFor();
      const forwarded = (await messagesOf(context, one.conversation.id)).at(-1);
      assert.match(forwarded.content.email.text, /^Can you help\?[\s\S]*how do I change my address/);
      assert.equal(forwarded.to, "maker@example.org");

      await sent.getByRole("button", { name: "Actions on this message" }).click();
      await page.getByRole("menuitem", { name: "Make a new conversation from here" }).click();
      await page.getByText("A conversation of its own").waitFor();
      await context.eventually("the split", async () => (await now()).messageCount === 1);

      await context.openConversation(page, one.conversation.id);
      await page.getByRole("button", { name: "More", exact: true }).click();
      await page.getByRole("menuitem", { name: sales.name }).click();
      await context.eventually("the move", async () => (await now()).channelId === sales.id);
      await page.getByRole("button", { name: "Undo" }).click();
      await context.eventually("the move undone", async () => (await now()).channelId === channel.id);
    },
  },
];
