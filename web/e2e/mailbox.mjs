/** A mailbox to sign in to: the least of IMAP and of submission that signing in, listing and following ask for. No mail is in it. */

import net from "node:net";

/** An `answer` (the lines to say, or null to hang up) for each line that comes. */
async function listen(greeting, answer) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.write(`${greeting}\r\n`);
    let rest = "";
    socket.on("data", (data) => {
      const lines = (rest + data).split("\r\n");
      rest = lines.pop();
      for (const line of lines) {
        const said = answer(line);
        if (said === null) socket.end();
        else if (said.length > 0) socket.write(`${said.join("\r\n")}\r\n`);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(resolve);
    });
  return { port: server.address().port, close };
}

function fits(sasl, password) {
  return Buffer.from(sasl, "base64").toString().split("\0")[2] === password;
}

function imap(password) {
  return listen("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready", (line) => {
    const [tag, command, ...rest] = line.split(" ");
    const ok = `${tag} OK done`;
    switch (command?.toUpperCase()) {
      case "CAPABILITY":
        return ["* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR", ok];
      case "AUTHENTICATE":
        return [fits(rest[1] ?? "", password) ? ok : `${tag} NO [AUTHENTICATIONFAILED] That is not the password.`];
      case "LIST":
        return ['* LIST (\\HasNoChildren) "/" INBOX', ok];
      case "STATUS":
        return ["* STATUS INBOX (MESSAGES 0 UNSEEN 0 UIDNEXT 1 UIDVALIDITY 1)", ok];
      case "SELECT":
      case "EXAMINE":
        return ["* 0 EXISTS", "* OK [UIDVALIDITY 1] one", "* OK [UIDNEXT 1] one", ok];
      case "UID":
        return rest[0]?.toUpperCase() === "SEARCH" ? ["* SEARCH", ok] : [ok];
      case "LOGOUT":
        return ["* BYE bye", ok];
      default:
        return [ok];
    }
  });
}

/** `refuses`: what to answer to recipients, while there is something. */
function submission(password, behaviour) {
  return listen("220 submission.example ready", (line) => {
    const [command, mechanism, sasl] = line.split(" ");
    if (behaviour.inData) {
      if (line !== ".") return [];
      behaviour.inData = false;
      return ["250 2.0.0 taken"];
    }
    switch (command?.toUpperCase()) {
      case "EHLO":
        return ["250-submission.example", "250 AUTH PLAIN"];
      case "AUTH":
        return [mechanism === "PLAIN" && fits(sasl ?? "", password) ? "235 2.7.0 welcome" : "535 5.7.8 no"];
      case "RCPT":
        return [behaviour.refuses ?? "250 fine"];
      case "DATA":
        behaviour.inData = true;
        return ["354 go on"];
      case "QUIT":
        return null;
      default:
        return ["250 fine"];
    }
  });
}

/** A way out alone, for everybody with `password`; it refuses recipients as `behaviour.refuses` says. */
export async function startSubmission(password) {
  const behaviour = { refuses: null, inData: false };
  const { port, close } = await submission(password, behaviour);
  return { port, close, behaviour };
}

/** Ports of both servers; everybody signs in with `password`. */
export async function startMailbox(password) {
  const [incoming, outgoing] = [await imap(password), await submission(password, {})];
  const close = async () => {
    await incoming.close();
    await outgoing.close();
  };
  return { imapPort: incoming.port, smtpPort: outgoing.port, close };
}
