// Invokes the relay function as the platform does, and plays the gateway that it posts to.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { createRequire } from "node:module";
import util from "node:util";

export const relayPath = process.env.COS_GATEWAY_RELAY;
export const token = "5ec8e7b1d0f24c61";

const require = createRequire(import.meta.url);

// A new instance of the function, without kept connections. Pauses are short unless `pace` says
// otherwise.
export function startInstance(pace = {}) {
  delete require.cache[require.resolve(relayPath)];
  const relay = require(relayPath);
  Object.assign(relay.pace, { first: 1 }, pace);
  return relay;
}

// What the deployer does to values, as the platform may cut them at these characters.
const encode = (value) =>
  value.replace(/[%;=]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const variableNames = [
  "GATEWAY_URL",
  "GATEWAY_TOKEN",
  "DEBUG_MODE",
  "TARGET_URL",
  "FUNCTION_NAME",
  "EVENT_SETTINGS",
];

// The variables go the way some of the platform's start-up scripts have them go.
export function setVariables(variables) {
  for (const name of variableNames) delete process.env[name];
  const text = Object.entries(variables)
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join(";");
  for (const part of text.split(";")) {
    const [name, value] = part.split("=", 2);
    if (name) process.env[name] = value;
  }
}

export const sampleEvent = { Records: [{ cos: { cosObject: { key: "/1/b/a.txt" } }, event: {} }] };

const original = { log: console.log, warn: console.warn, error: console.error };

// {value} or {error}, with the lines logged meanwhile and the milliseconds taken; `onLine` sees
// each line at once.
export async function invoke(relay, { event = sampleEvent, variables, context, onLine } = {}) {
  const lines = [];
  for (const level of Object.keys(original)) {
    console[level] = (...values) => {
      lines.push(util.format(...values));
      onLine?.(lines.at(-1));
    };
  }
  const result = { lines };
  const started = performance.now();
  try {
    if (variables) setVariables(variables);
    result.value = await relay.main_handler(event, context);
  } catch (error) {
    result.error = error;
  } finally {
    Object.assign(console, original);
  }
  result.elapsed = performance.now() - started;
  assert.ok(!util.inspect([lines, result.error]).includes(token), "the token was shown");
  return result;
}

// Plays the gateway: each request gets the next of `script`, the last one again and again. Port 0
// is any; `requests` are those received so far.
export async function startTarget(script, { tls, port = 0 } = {}) {
  const requests = [];
  const serve = async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: Buffer.concat(chunks),
      connection: request.socket.remotePort,
      time: performance.now(),
    });
    const answer = script.length > 1 ? script.shift() : script[0];
    answer(response, requests.at(-1));
  };
  const server = tls ? https.createServer(tls, serve) : http.createServer(serve);
  server.keepAliveTimeout = 60_000;
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${server.address().port}/`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export const accept = (response, { body }) =>
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ records: JSON.parse(body).Records.length }));
export const answer =
  (status, body = "", headers = {}) =>
  (response) =>
    response.writeHead(status, headers).end(body);
export const drop = (response) => response.socket.destroy();
export const reset = (response) => response.socket.resetAndDestroy();
export const silence = () => {};
// Bytes as given, then the end of the connection, or silence.
export const cut = (text) => (response) => response.socket.end(text);
export const stall = (text) => (response) => response.socket.write(text);

// Checks both versions of the signature, by another implementation of HMAC than the relay's and over
// the bytes received. Returns its time.
export async function verifySignature({ headers, body }, key) {
  const [, time, v1, v2] = /^t=(\d+),v1=([0-9a-f]{64}),v2=([0-9a-f]{64})$/.exec(
    headers["x-cos-signature"],
  );
  const { subtle } = globalThis.crypto ?? (await import("node:crypto")).webcrypto;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", Buffer.from(key), hmac, false, ["verify"]);
  const covered = { [v1]: "", [v2]: `content-type:${headers["content-type"]}\n.` };
  for (const [mac, fields] of Object.entries(covered)) {
    const signed = Buffer.concat([Buffer.from(`${time}.${fields}`), body]);
    assert.ok(await subtle.verify("HMAC", imported, Buffer.from(mac, "hex"), signed), "signature");
  }
  return Number(time);
}

// The time an invocation has left.
export const withTime = (ms) => ({ getRemainingTimeInMillis: () => ms });

// Has a target with this script for as long as `use` takes.
export async function withTarget(script, use, options) {
  const target = await startTarget(script, options);
  try {
    await use(target);
  } finally {
    await target.stop();
  }
}

// Likewise a gateway, and the variables by which the relay finds it.
export const against = (script, use, options) =>
  withTarget(
    script,
    (target) => use(target, { GATEWAY_URL: target.url, GATEWAY_TOKEN: token }),
    options,
  );
