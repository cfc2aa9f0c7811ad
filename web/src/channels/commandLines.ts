/** Lines to paste into a terminal that bring a mail into a channel. Pure. */

import type { Channel } from "../api/types";
import { m } from "../i18n";

/** Where the SMTP listener is unless the configuration says otherwise (POSTROOM_SMTP_ADDR). */
const SMTP_PORT_DEFAULT = 2525;

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** A small mail as it goes over the wire. */
export function sampleMail(to: string, now: Date, id: string): string {
  const lines = [
    "From: Postroom Sample <sample@example.org>",
    `To: <${to}>`,
    `Subject: ${m.start.sampleSubject}`,
    `Date: ${now.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id}@example.org>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    ...m.start.sampleBody.split("\n"),
    "",
  ];
  return lines.join("\r\n");
}

export function commandLines(channel: Channel, location: { hostname: string }): { smtp: string; http: string } {
  const head = `From: me@example.org\nTo: ${channel.inboundAddress}\nSubject: ${m.start.commandSubject}\n\n${m.start.commandBody}\n`;
  return {
    smtp: `swaks --server ${location.hostname}:${SMTP_PORT_DEFAULT} --to ${quote(channel.inboundAddress)} --header ${quote(`Subject: ${m.start.commandSubject}`)}`,
    http: `printf ${quote(head.replaceAll("\n", "\\n"))} | curl -H 'Content-Type: message/rfc822' --data-binary @- ${quote(channel.webhookUrl)}`,
  };
}
