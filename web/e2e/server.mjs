/** A Postroom to test against: the one named by POSTROOM_URL, or a fresh one of POSTROOM_BINARY on free ports. */

import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { startNameServer } from "./dns.mjs";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 15_000;

/** A port nobody listens on at the moment, below those that systems hand out by themselves. */
async function freePort() {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = net.createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

async function untilReady(url, child, output) {
  const end = Date.now() + START_MS_MAX;
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) return;
    if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${output()}`);
    if (Date.now() > end) throw new Error(`the server was not ready after ${START_MS_MAX} ms:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** An instance somebody else runs. */
function given() {
  const need = (name) => {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is needed beside POSTROOM_URL`);
    return value;
  };
  return {
    url: need("POSTROOM_URL").replace(/\/$/, ""),
    smtpAddr: need("POSTROOM_SMTP_ADDR"),
    email: need("POSTROOM_SIGN_IN_EMAIL"),
    password: need("POSTROOM_SIGN_IN_PASSWORD"),
    apiKey: need("POSTROOM_API_KEY"),
    stop: async () => undefined,
  };
}

export async function startServer() {
  if (process.env.POSTROOM_URL) return given();
  const binary = process.env.POSTROOM_BINARY;
  if (!binary) throw new Error("set POSTROOM_BINARY to the program to test, or POSTROOM_URL to a running one");
  const folder = await mkdtemp(path.join(os.tmpdir(), "postroom-journeys-"));
  const names = await startNameServer();
  const [httpPort, smtpPort, submissionPort] = [await freePort(), await freePort(), await freePort()];
  const email = "agent@example.org";
  const password = "a journey of a thousand mails";
  const apiKey = "journeys-0123456789-0123456789-key";
  const url = `http://127.0.0.1:${httpPort}`;
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    POSTROOM_HTTP_ADDR: `127.0.0.1:${httpPort}`,
    POSTROOM_SMTP_ADDR: `127.0.0.1:${smtpPort}`,
    POSTROOM_SUBMISSION_ADDR: `127.0.0.1:${submissionPort}`,
    POSTROOM_PUBLIC_URL: url,
    POSTROOM_DATA_DIR: path.join(folder, "data"),
    POSTROOM_BOOTSTRAP_KEY: apiKey,
    POSTROOM_BOOTSTRAP_ADMIN: `${email}:${password}`,
    // Webhooks go to a listener of the test on this machine.
    POSTROOM_ALLOW_PRIVATE_NETWORKS: "true",
    POSTROOM_AUTOCONFIG_URL: "off",
    POSTROOM_DNS_SERVER: names.address,
  };
  let output = "";
  const begin = () => {
    const begun = spawn(binary, ["serve"], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [begun.stdout, begun.stderr]) stream.on("data", (data) => (output += data));
    return begun;
  };
  let child = begin();
  const end = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      await ended;
      clearTimeout(timer);
    }
  };
  const stop = async () => {
    await end();
    await names.stop();
    await rm(folder, { recursive: true, force: true });
  };
  /** Ends the server, has a command of the program do something to its data, and starts it again. */
  const without = async (work) => {
    await end();
    await work({ binary, folder, environment });
    child = begin();
    await untilReady(url, child, () => output);
  };
  try {
    await untilReady(url, child, () => output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, smtpAddr: `127.0.0.1:${smtpPort}`, email, password, apiKey, names, without, stop, output: () => output };
}
