import { expect, it } from "vitest";
import { withContentIds } from "./inlineImages";

const image = { uploadId: "upl_1", filename: "a.png", contentType: "image/png", size: 1, contentId: "image-1" };
const file = { uploadId: "upl_2", filename: "b.pdf", contentType: "application/pdf", size: 1 };

it("refers to an image of the text by its content id, and leaves one out that was deleted", () => {
  const gone = { ...image, uploadId: "upl_3", contentId: "image-3" };
  const { html, files } = withContentIds('<p>Look: <img src="/api/v1/uploads/upl_1"></p>', [image, gone, file]);
  expect(html).toBe('<p>Look: <img src="cid:image-1"></p>');
  expect(files).toEqual([image, file]);
});
