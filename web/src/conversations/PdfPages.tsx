/** The pages of a PDF as pictures. Nothing in it is run: no scripts, no forms, no links. */

import { getDocument, GlobalWorkerOptions, type PDFDocumentProxy } from "pdfjs-dist/legacy/build/pdf.mjs";
import workerUrl from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import { Problem } from "../api/problem";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./AttachmentPreview.module.css";

GlobalWorkerOptions.workerSrc = workerUrl;

/** Pages that are drawn; the download has them all. */
const PAGES_MAX = 50;
/** Pixels of an image within a PDF. */
const IMAGE_PIXELS_MAX = 64_000_000;
const WIDTH = 820;

export default function PdfPages({ bytes, name }: { bytes: ArrayBuffer; name: string }) {
  const [pdf, setPdf] = useState<PDFDocumentProxy | null>(null);
  const [failed, setFailed] = useState<string | null>(null);

  useEffect(() => {
    // The worker takes what it is given away: another look needs the bytes again.
    const task = getDocument({ data: new Uint8Array(bytes.slice(0)), maxImageSize: IMAGE_PIXELS_MAX, enableXfa: false, useWasm: false });
    task.promise.then(setPdf, (error: unknown) => setFailed(error instanceof Error ? error.message : String(error)));
    return () => void task.destroy();
  }, [bytes]);

  if (failed !== null) return <ProblemNotice title={m.message.previewFailed} problem={new Problem(422, { detail: failed })} />;
  if (!pdf) return <Skeleton height={320} />;
  const pages = Math.min(pdf.numPages, PAGES_MAX);
  return (
    <div className={styles.pages} role="region" tabIndex={0} aria-label={name}>
      {Array.from({ length: pages }, (_, index) => (
        <Page key={index} pdf={pdf} number={index + 1} />
      ))}
      {pdf.numPages > pages && <p className="muted small">{m.message.morePages(pdf.numPages - pages)}</p>}
    </div>
  );
}

/** Drawn once it comes near: a hundred pages at once are a lot of memory. */
function Page({ pdf, number }: { pdf: PDFDocumentProxy; number: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    let cancel = () => undefined as void;
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        void draw(pdf, number, element, (stop) => {
          cancel = stop;
        });
      },
      { rootMargin: "600px" },
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      cancel();
    };
  }, [pdf, number]);

  return <canvas ref={canvas} className={styles.page} role="img" aria-label={m.message.page(number, pdf.numPages)} />;
}

async function draw(pdf: PDFDocumentProxy, number: number, canvas: HTMLCanvasElement, onBegun: (stop: () => void) => void): Promise<void> {
  try {
    const page = await pdf.getPage(number);
    const scale = (WIDTH * Math.min(window.devicePixelRatio, 2)) / page.getViewport({ scale: 1 }).width;
    const viewport = page.getViewport({ scale });
    canvas.width = Math.floor(viewport.width);
    canvas.height = Math.floor(viewport.height);
    const task = page.render({ canvas, viewport });
    onBegun(() => task.cancel());
    await task.promise;
    canvas.dataset.drawn = "true";
  } catch {
    // Closed meanwhile, or a page that can't be drawn: the others are there, and so is the download.
  }
}
