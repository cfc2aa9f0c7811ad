import { describe, expect, it } from "vitest";
import { attachmentsOf, ATTACHMENTS_BYTES_MAX, fitting } from "./attachments";

const sized = (name: string, size: number) => ({ name, size }) as File;

describe("attachments", () => {
  it("are refused beyond the limit on all of them together", () => {
    const { files, refused } = fitting(ATTACHMENTS_BYTES_MAX - 10, [sized("big", 11), sized("small", 10)]);
    expect(files.map((file) => file.name)).toEqual(["small"]);
    expect(refused.map((file) => file.name)).toEqual(["big"]);
  });
  it("have something in them", () => {
    const { files, empty } = fitting(0, [sized("nothing", 0), sized("small", 10)]);
    expect(files.map((file) => file.name)).toEqual(["small"]);
    expect(empty.map((file) => file.name)).toEqual(["nothing"]);
  });
  it("are named by their upload, and images within the text by their content id too", () => {
    const file = { uploadId: "upl_1", filename: "a.png", contentType: "image/png", size: 3 };
    expect(attachmentsOf([file, { ...file, contentId: "image-1" }])).toEqual([
      { uploadId: "upl_1", filename: "a.png", contentType: "image/png", contentId: undefined },
      { uploadId: "upl_1", filename: "a.png", contentType: "image/png", contentId: "image-1" },
    ]);
    expect(attachmentsOf([])).toBeUndefined();
  });
});
