/** A name server for the journeys, so that a domain can be verified: what a domain asks to be published is published here. UDP alone. */

import dgram from "node:dgram";

const TYPES = { A: 1, CNAME: 5, MX: 15, TXT: 16, SRV: 33 };
const TTL_SECONDS = 1;
const NO_SUCH_NAME = 3;
/** RFC 1035 §3.3: the longest character string. */
const STRING_BYTES_MAX = 255;

function nameBytes(name) {
  const labels = name.replace(/\.$/, "").split(".").filter(Boolean);
  return Buffer.concat([...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])]);
}

function valueBytes({ type, value }) {
  if (type === "A") return Buffer.from(value.split(".").map(Number));
  if (type === "CNAME") return nameBytes(value);
  if (type === "MX") {
    const [preference, host] = value.includes(" ") ? value.split(/\s+/) : ["10", value];
    return Buffer.concat([Buffer.from([0, Number(preference)]), nameBytes(host)]);
  }
  if (type === "SRV") {
    const [priority, weight, port, host] = value.split(/\s+/);
    const numbers = Buffer.alloc(6);
    [priority, weight, port].forEach((number, index) => numbers.writeUInt16BE(Number(number), index * 2));
    return Buffer.concat([numbers, nameBytes(host)]);
  }
  const text = Buffer.from(value);
  const strings = [];
  for (let at = 0; at < text.length; at += STRING_BYTES_MAX) {
    const part = text.subarray(at, at + STRING_BYTES_MAX);
    strings.push(Buffer.from([part.length]), part);
  }
  return Buffer.concat(strings);
}

function question(message) {
  const labels = [];
  let at = 12;
  while (message[at] !== 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + message[at]));
    at += 1 + message[at];
  }
  return { name: labels.join(".").toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(message, records) {
  const { name, type, end } = question(message);
  const named = records.filter((record) => record.name === name);
  const found = named.filter((record) => TYPES[record.type] === type);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(message.readUInt16BE(0), 0);
  head.writeUInt16BE(0x8580 | (named.length === 0 ? NO_SUCH_NAME : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found.length, 6);
  const answers = found.map((record) => {
    const value = valueBytes(record);
    const fixed = Buffer.alloc(12);
    // A pointer to the question's name.
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(TYPES[record.type], 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(TTL_SECONDS, 6);
    fixed.writeUInt16BE(value.length, 10);
    return Buffer.concat([fixed, value]);
  });
  return Buffer.concat([head, message.subarray(12, end), ...answers]);
}

export async function startNameServer() {
  const records = [];
  const socket = dgram.createSocket("udp4");
  socket.on("message", (message, { port, address }) => socket.send(answerTo(message, records), port, address));
  await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    publish: (added) => records.push(...added.map((record) => ({ ...record, name: record.name.replace(/\.$/, "").toLowerCase() }))),
    stop: () => new Promise((resolve) => socket.close(resolve)),
  };
}
