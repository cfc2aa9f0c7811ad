/** Mail as the journeys need it: made here, sent over real SMTP. */

import net from "node:net";

const ANSWER_MS_MAX = 20_000;

let counter = 0;

/** Unique within a run and over runs, so that nothing of an earlier one is mistaken for this one's. */
export function unique(prefix) {
  counter += 1;
  return `${prefix}-${Date.now().toString(36)}-${counter}`;
}

export function textMail({ from, to, subject, text, headers = {} }) {
  return [
    `From: ${from}`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${unique("mail")}@example.org>`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    text,
    "",
  ]
    .join("\n")
    .replaceAll("\n", "\r\n");
}

export function htmlMail({ from, to, subject, text, html, attachment, attachments = attachment ? [attachment] : [] }) {
  const lines = [
    `From: ${from}`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${unique("mail")}@example.org>`,
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="outer"',
    "",
    "--outer",
    'Content-Type: multipart/alternative; boundary="inner"',
    "",
    "--inner",
    "Content-Type: text/plain; charset=utf-8",
    "",
    text,
    "--inner",
    "Content-Type: text/html; charset=utf-8",
    "",
    html,
    "--inner--",
  ];
  for (const { filename, contentType, content } of attachments) {
    lines.push(
      "--outer",
      `Content-Type: ${contentType}; name="${filename}"`,
      `Content-Disposition: attachment; filename="${filename}"`,
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from(content).toString("base64"),
    );
  }
  return [...lines, "--outer--", ""].join("\n").replaceAll("\n", "\r\n");
}

/** One transaction; resolves when the server took responsibility. */
export async function sendMail(smtpAddr, { from, to, raw }) {
  const [host, port] = smtpAddr.split(":");
  const socket = net.connect(Number(port), host);
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error("the SMTP server did not answer in time")));
  const answers = readAnswers(socket);
  const expectCode = async (code) => {
    const { value, done } = await answers.next();
    if (done || !value.startsWith(code)) throw new Error(`SMTP: expected ${code}, got ${done ? "the end" : value}`);
  };
  const say = async (line, code) => {
    socket.write(`${line}\r\n`);
    await expectCode(code);
  };
  try {
    await expectCode("220");
    await say("EHLO journeys.example.org", "250");
    await say(`MAIL FROM:<${from}>`, "250");
    await say(`RCPT TO:<${to}>`, "250");
    await say("DATA", "354");
    await say(`${raw.replaceAll(/^\./gm, "..")}.`, "250");
    socket.write("QUIT\r\n");
  } finally {
    socket.end();
  }
}

/** Whole answers, the last line of each telling. */
async function* readAnswers(socket) {
  let buffer = "";
  for await (const data of socket) {
    buffer += data;
    for (;;) {
      const end = buffer.indexOf("\r\n");
      if (end < 0) break;
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      if (line[3] !== "-") yield line;
    }
  }
}
