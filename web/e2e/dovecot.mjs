/** A real Dovecot on loopback with mailboxes of its own: any user, one password, in clear. Needs root, as Dovecot does. */

import { execFile, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { unique } from "./mail.mjs";

const run = promisify(execFile);
const START_MS_MAX = 20_000;
const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

function configuration(root, port, password) {
  const folders = ["Drafts", "Sent", "Trash"].map((name) => `  mailbox ${name} {\n    auto = create\n    special_use = \\${name}\n  }`);
  return `base_dir = ${root}/run
state_dir = ${root}/run
log_path = ${root}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
first_valid_uid = 1
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:${root}/mail/%u
mail_uid = nobody
mail_gid = nogroup
auth_mechanisms = plain login
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${root}/mail/%u
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
namespace inbox {
  inbox = yes
  separator = /
${folders.join("\n")}
}
`;
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export async function startDovecot(password) {
  const root = await mkdtemp(path.join(os.tmpdir(), "postroom-dovecot-"));
  for (const folder of ["", "run", "mail"]) {
    await mkdir(path.join(root, folder), { recursive: true });
    await chmod(path.join(root, folder), 0o755);
  }
  await run("chown", ["nobody", path.join(root, "mail")]);
  const port = await freePort();
  const file = path.join(root, "dovecot.conf");
  await writeFile(file, configuration(root, port, password));
  // It goes on in the background: with a pipe, one would wait for its end.
  const started = spawn("dovecot", ["-c", file], { env: ENVIRONMENT, stdio: "ignore" });
  await new Promise((resolve, reject) => started.once("error", reject).once("exit", resolve));
  const end = Date.now() + START_MS_MAX;
  while (!(await listens(port))) {
    if (Date.now() > end) throw new Error(`Dovecot did not listen within ${START_MS_MAX} ms; see ${root}/log`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    /** Into somebody's inbox, as a delivery puts it there. */
    async deliver(user, raw) {
      const maildir = path.join(root, "mail", user);
      for (const folder of ["cur", "new", "tmp"]) await mkdir(path.join(maildir, folder), { recursive: true });
      await writeFile(path.join(maildir, "new", `${unique("1")}.journey`), raw);
      await run("chown", ["-R", "nobody:nogroup", maildir]);
    },
    async close() {
      await run("doveadm", ["-c", file, "stop"], { env: ENVIRONMENT }).catch(() => undefined);
      await rm(root, { recursive: true, force: true });
    },
  };
}
