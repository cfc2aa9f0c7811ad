import assert from "node:assert/strict";
import { htmlMail, unique } from "../mail.mjs";
import { violations } from "./accessibility.mjs";

/** A page with one word in it, as the least of programs would write it: readers mend the missing table of offsets. */
function pdfOf(word) {
  const content = `BT /F1 48 Tf 40 120 Td (${word}) Tj ET`;
  return [
    "%PDF-1.4",
    "1 0 obj << /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >> endobj",
    "2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj",
    "3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 400 240] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >> endobj",
    `4 0 obj << /Length ${content.length} >> stream\n${content}\nendstream endobj`,
    "5 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj",
    "trailer << /Root 1 0 R /Size 6 >>",
    "%%EOF",
    "",
  ].join("\n");
}

/** Whether anything dark was drawn. */
const isDrawn = (canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) if (data[at] < 80 && data[at + 3] > 200) return true;
  return false;
};

export const attachments = [
  {
    name: "attachments are looked at in place: a PDF as pages, a table as text, one after the other by keys",
    async run(context) {
      const channel = await context.channel();
      const subject = unique("Files");
      const raw = htmlMail({
        from: "Ada Example <ada@example.org>",
        to: channel.inboundAddress,
        subject,
        text: "See both.",
        html: "<p>See both.</p>",
        attachments: [
          { filename: "invoice.pdf", contentType: "application/pdf", content: pdfOf("Invoice") },
          { filename: "table.csv", contentType: "text/csv", content: "name,age\nAda,36\n" },
          { filename: "broken.pdf", contentType: "application/pdf", content: "not a PDF at all" },
        ],
      });
      const { conversation } = await context.receive(channel, { subject, raw });
      const page = await context.signedInPage();
      await context.openConversation(page, conversation.id);
      await page.getByRole("button", { name: /Look at invoice\.pdf/ }).click();
      const dialog = page.getByRole("dialog", { name: "invoice.pdf" });
      const first = dialog.getByRole("img", { name: "Page 1 of 1" });
      await first.and(page.locator("[data-drawn]")).waitFor();
      assert.ok(await first.evaluate(isDrawn), "the page shows its text");

      await page.keyboard.press("ArrowRight");
      await page.getByRole("dialog", { name: "table.csv" }).getByText("Ada,36").waitFor();
      await page.keyboard.press("ArrowRight");
      await page.getByRole("dialog", { name: "broken.pdf" }).getByText(/can't be shown here/).waitFor();
      const download = page.waitForEvent("download");
      await page.getByRole("dialog").getByRole("link", { name: /Download broken\.pdf/ }).click();
      assert.equal((await download).suggestedFilename(), "broken.pdf");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.equal(page.foreign.length, 0, `asked outside: ${page.foreign.join(", ")}`);

      // The page's own policy forbids what axe is put in by.
      const examined = await context.signedInPage({ bypassCSP: true, colorScheme: "dark" });
      await context.openConversation(examined, conversation.id);
      await examined.getByRole("button", { name: /Look at invoice\.pdf/ }).click();
      await examined.locator("[data-drawn]").waitFor();
      assert.deepEqual(await violations(examined), []);
    },
  },
];
