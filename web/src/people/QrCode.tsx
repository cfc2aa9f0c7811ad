/** A QR code, drawn here: what it says is told to nobody outside. Always dark on white, which is what cameras read. */

import { encode } from "uqr";

const BORDER = 3;

export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { border: 0, ecc: "M" });
  const path = data
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + BORDER} ${y + BORDER}h1v1h-1z` : "")))
    .join("");
  const side = size + 2 * BORDER;
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${side} ${side}`} width={208} height={208} shapeRendering="crispEdges">
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
