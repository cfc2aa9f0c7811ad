import { describe, expect, it } from "vitest";
import { addFiles, ATTACHMENTS_BYTES_MAX, encodeFiles, toBase64 } from "./attachments";

const sized = (name: string, size: number) => ({ name, size }) as File;

describe("attachments", () => {
  it("are refused beyond the limit on all of them together", () => {
    const first = sized("a", ATTACHMENTS_BYTES_MAX - 10);
    const { files, refused } = addFiles([first], [sized("big", 11), sized("small", 10)]);
    expect(files.map((file) => file.name)).toEqual(["a", "small"]);
    expect(refused.map((file) => file.name)).toEqual(["big"]);
  });
  it("become base64 of the very bytes, over chunk borders too", () => {
    const bytes = Uint8Array.from({ length: 100_003 }, (_, index) => (index * 31) % 256);
    expect(Uint8Array.from(atob(toBase64(bytes)), (character) => character.codePointAt(0) ?? 0)).toEqual(bytes);
    expect(toBase64(new Uint8Array())).toBe("");
  });
  it("without a type are octets", async () => {
    expect(await encodeFiles([new File(["hi"], "x.bin")])).toEqual([
      { filename: "x.bin", content: "aGk=", contentType: "application/octet-stream" },
    ]);
  });
});
