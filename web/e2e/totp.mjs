/** Codes of an authenticator app (RFC 6238), as a phone would show them. */

import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function fromBase32(text) {
  const bits = [...text].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

/** `steps`: half minutes from now; the next one is taken, too. */
export function codeOf(secret, steps = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const tag = createHmac("sha1", fromBase32(secret.replaceAll(/\s/g, ""))).update(counter).digest();
  const value = tag.readUInt32BE(tag[19] & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, "0");
}
