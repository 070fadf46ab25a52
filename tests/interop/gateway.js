// Runs the built program against an HTTP server that plays the eventbus.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";

const patience = 10_000;

export const program = process.env.COS_GATEWAY_PROGRAM;

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// An eventbus that accepts everything: take() gives messages {headers, body} as the SDK wants them,
// and the bytes of each body as `raw`.
export async function startEventbus() {
  const messages = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      messages.push({ url: request.url, headers: request.headers, raw, body: raw.toString("utf8") });
      response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    take: () => messages.splice(0),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function untilReady(url, child, output) {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the gateway ended:\n${output.text}`);
    try {
      if ((await fetch(url)).status === 200) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGKILL");
  throw new Error(`the gateway did not become ready:\n${output.text}`);
}

// `settings` are merged over what every test needs; JSON is YAML, too.
export async function startGateway(eventbus, settings = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "cos-gateway-interop-"));
  const [port, admin] = [await freePort(), await freePort()];
  const config = path.join(folder, "config.yml");
  await writeFile(
    config,
    JSON.stringify({
      target: `http://127.0.0.1:${eventbus.port}`,
      eventbus: "interop",
      function: { provision: false, name: "relay" },
      ...settings,
      gateway: {
        listen: `127.0.0.1:${port}`,
        admin: `127.0.0.1:${admin}`,
        auth: "none",
        drain_delay: "0s",
        threads: 1,
        ...settings.gateway,
      },
    }),
  );
  // None of the caller's settings may leak in.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(CONNECTOR|TENCENTCLOUD|KUBERNETES)_/.test(name),
  );
  const child = spawn(program, ["run", "--config", config], {
    env: Object.fromEntries(inherited),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => (output.text += text));
  }
  const ended = once(child, "exit");
  await untilReady(`http://127.0.0.1:${admin}/readyz`, child, output);
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: async () => {
      child.kill("SIGTERM");
      const [code] = await ended;
      await rm(folder, { recursive: true });
      if (code !== 0) throw new Error(`the gateway ended with ${code}:\n${output.text}`);
    },
  };
}

export async function post(gateway, body, headers = { "content-type": "application/json" }) {
  const response = await fetch(gateway.url, { method: "POST", body, headers });
  return { status: response.status, text: await response.text() };
}

// Has the tests of a suite share an eventbus and a gateway: the result holds them once they run.
export function sharedGateway(settings) {
  const shared = {};
  before(async () => {
    shared.eventbus = await startEventbus();
    shared.gateway = await startGateway(shared.eventbus, settings);
  });
  after(async () => {
    await shared.gateway?.stop();
    await shared.eventbus?.stop();
  });
  return shared;
}
