import { describe, expect, it } from "vitest";
import type { Attachment } from "../api/types";
import { pathHere, previewKind } from "./previewKind";

const MB = 1024 * 1024;

function file(contentType: string, change: Partial<Attachment> = {}): Attachment {
  return { id: "att_1", filename: "a", size: 10, contentType, disposition: "attachment", url: "/a", ...change } as Attachment;
}

describe("an attachment is looked at", () => {
  it.each<[string, Attachment, string | null]>([
    ["as an image", file("image/png"), "image"],
    ["not where an image could run scripts", file("image/svg+xml"), null],
    ["as a PDF", file("application/pdf"), "pdf"],
    ["as a PDF by its name", file("application/octet-stream", { filename: "Bill.PDF" }), "pdf"],
    ["not by a name alone", file("application/zip", { filename: "bill.pdf" }), null],
    ["as text", file("text/csv"), "text"],
    ["never as a page", file("text/html"), null],
    ["not where it is withheld", file("image/png", { withheld: "tooLarge", url: undefined }), null],
    ["not where it is too large for that", file("text/plain", { size: 3 * MB }), null],
    ["up to a size of its kind", file("application/pdf", { size: 3 * MB }), "pdf"],
  ])("%s", (_name, attachment, kind) => expect(previewKind(attachment)).toBe(kind));

  it("at this host, whatever host its link names", () => {
    expect(pathHere("https://mail.example.com/attachments/1/2?expires=3&signature=x")).toBe("/attachments/1/2?expires=3&signature=x");
  });
});
