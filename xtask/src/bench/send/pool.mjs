/** Sends mails of 4 KB by a pool of nodemailer's and says how long it took. */
import { createRequire } from "node:module";
import path from "node:path";

const [, , modules, port, count] = process.argv;
const nodemailer = createRequire(path.join(modules, "package.json"))("nodemailer");
const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: Number(port),
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: 20,
  maxMessages: Infinity,
});
const text = "The parcel that you asked about has left our house this morning and will be with you soon.\n".repeat(39);

async function send(from, to) {
  const mails = [];
  for (let number = from; number < to; number += 1) {
    mails.push(
      transport.sendMail({
        from: "Bench <news@senders.test>",
        to: `person-${number}@recipients.test`,
        subject: `Your parcel ${number}`,
        text,
      }),
    );
  }
  await Promise.all(mails);
}

await send(0, 500);
const started = process.hrtime.bigint();
await send(500, 500 + Number(count));
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
transport.close();
console.log(JSON.stringify({ seconds }));
