// The relay function: posts every COS event it is invoked with to the gateway, unchanged, and comes
// back only when the gateway has delivered it. When it cannot, it throws, and the platform invokes
// it again. For Node.js 16 and later, without dependencies.
"use strict";

const crypto = require("crypto");
const http = require("http");
const https = require("https");
const { setTimeout: sleep } = require("timers/promises");

// In milliseconds; exported so that tests need not wait.
const pace = {
  limit: 60e3, // of the invocation, where the platform does not tell
  attempt: 27e3, // the gateway answers within 25 s, if only that it could not deliver
  connect: 5e3, // name, TCP and TLS; a gateway that is gone shall not cost a whole attempt
  first: 200, // upper bound of the first pause; doubles, each pause random below it
  most: 10e3,
  idle: 60e3, // a connection unused for longer is not trusted; the gateway closes at 75 s
  least: 5e3, // no attempt starts with less time left, of short invocations with less than a tenth
  reserve: 1e3, // kept to report the failure, of short invocations a twentieth
};

const keptBytes = 1024; // of an answer, for the log
const readBytes = 64 * 1024; // of an answer, before the connection is given up instead

// They outlive the invocation: the next one of a warm instance finds its connection here. Only one
// is kept, as an instance serves one event at a time: of two, both could turn out dead.
const options = { keepAlive: true, maxFreeSockets: 1 };
const agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
const lastUse = new WeakMap(); // of a socket

// The platform may cut a variable at ';' and at '=', so the deployer writes these two, and '%', as
// %3B, %3D and %25. Nothing else is decoded.
function variable(name) {
  const decode = (_, code) => String.fromCharCode(parseInt(code, 16));
  return (process.env[name] || "").replace(/%(25|3B|3D)/gi, decode);
}

// Read at each invocation: the variables may have changed. The value is not quoted in the error, as
// it may be a token that was put into the wrong variable.
function gatewayUrl() {
  const text = variable("GATEWAY_URL");
  if (!text) throw new Error("GATEWAY_URL is not set: nowhere to post events to");
  let url;
  try {
    url = new URL(text);
  } catch {
    // Reported below.
  }
  if (!url || !agents[url.protocol]) throw new Error("GATEWAY_URL is not an http or https URL");
  return url;
}

function timeLimit(context) {
  const { getRemainingTimeInMillis: ask, time_limit_in_ms: whole } = context;
  const told = [typeof ask === "function" ? ask.call(context) : NaN, Number(whole)];
  return told.find((ms) => ms > 0 && ms < Infinity) || pace.limit;
}

function headers(token, body, context) {
  const fields = {
    "Content-Type": "application/json",
    "Content-Length": body.length,
    "User-Agent": "cos-gateway-relay/1",
  };
  const { request_id: id } = context; // joins the platform's log with those on the way
  if (typeof id === "string" && /^[\w.-]{1,128}$/.test(id)) fields["X-Request-Id"] = id;
  if (token) {
    const time = Math.floor(Date.now() / 1000);
    const mac = crypto.createHmac("sha256", token).update(`${time}.`).update(body).digest("hex");
    fields["X-Cos-Signature"] = `t=${time},v1=${mac}`;
  }
  return fields;
}

function forgetIdle(agent) {
  for (const socket of Object.values(agent.freeSockets).flat()) {
    if (Date.now() - lastUse.get(socket) > pace.idle) socket.destroy();
  }
}

// One request: {status, headers, text}, or an error; `stale` when it was the fault of a kept
// connection that had died unnoticed, as they do while the platform freezes the instance.
function request(url, fields, body, limit) {
  return new Promise((resolve, reject) => {
    const agent = agents[url.protocol];
    forgetIdle(agent);
    const client = url.protocol === "https:" ? https : http;
    const call = client.request(url, { method: "POST", agent, headers: fields });
    const started = performance.now();
    let timer;
    let bytesBefore = 0;

    function fail(error) {
      clearTimeout(timer);
      const lost = error.code === "ECONNRESET" || error.code === "EPIPE";
      const silent = call.socket && call.socket.bytesRead === bytesBefore;
      error.stale = Boolean(call.reusedSocket && lost && silent);
      reject(error);
      call.destroy();
    }
    function within(ms, what) {
      clearTimeout(timer);
      const allowed = Math.max(1, Math.min(ms, limit));
      const late = () => fail(new Error(`no ${what} within ${Math.round(allowed)} ms`));
      timer = setTimeout(late, started + allowed - performance.now());
    }

    within(pace.connect, "connection");
    call.on("error", fail);
    call.on("socket", (socket) => {
      bytesBefore = socket.bytesRead;
      if (call.reusedSocket) return within(pace.attempt, "answer");
      const ready = url.protocol === "https:" ? "secureConnect" : "connect";
      socket.once(ready, () => within(pace.attempt, "answer"));
    });
    call.on("response", (response) => {
      const { socket } = response;
      const chunks = [];
      let size = 0;
      function done() {
        clearTimeout(timer);
        lastUse.set(socket, Date.now());
        const text = Buffer.concat(chunks).subarray(0, keptBytes).toString();
        resolve({ status: response.statusCode, headers: response.headers, text });
      }
      response.on("data", (chunk) => {
        if (size < keptBytes) chunks.push(chunk);
        size += chunk.length;
        if (size <= readBytes) return;
        done();
        call.destroy();
      });
      response.on("end", () => (response.complete ? done() : fail(new Error("answer cut off"))));
      response.on("error", fail);
      response.on("aborted", () => fail(new Error("answer cut off")));
    });
    call.end(body);
  });
}

// The same, once more at once if the connection was stale.
async function post(url, token, body, context, end) {
  const once = () =>
    request(url, headers(token, body, context), body, end - performance.now());
  try {
    return await once();
  } catch (error) {
    if (!error.stale) throw error;
    return once();
  }
}

// Milliseconds the answer asks to wait: seconds, or a date, which the answer's own clock explains.
function retryAfter({ "retry-after": value = "", date }) {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  return Math.max(0, Date.parse(value) - (Date.parse(date) || Date.now())) || 0;
}

function describe({ status, headers: fields, text }) {
  const to = fields.location ? ` to ${fields.location}` : "";
  return `status ${status}${to}: ${text}`.replace(/[\x00-\x1f\x7f]+/g, " ");
}

function accepted({ status, text }) {
  try {
    const { records } = JSON.parse(text);
    if (Number.isInteger(records)) return { records };
  } catch {
    // Reported below.
  }
  console.warn(`relay: status ${status}, but not a gateway's answer; is GATEWAY_URL right?`);
  return {};
}

exports.pace = pace;

exports.main_handler = async (event, context = {}) => {
  const started = performance.now();
  // Else the invocation would last until the kept connection is closed.
  context.callbackWaitsForEmptyEventLoop = false;
  const limit = timeLimit(context);
  const end = started + limit - Math.min(pace.reserve, limit / 20);
  const least = Math.min(pace.least, limit / 10);

  const url = gatewayUrl();
  const token = variable("GATEWAY_TOKEN");
  const debug = (text) => process.env.DEBUG_MODE === "true" && console.log(`relay: ${text}`);
  // The platform hands over an object it has parsed, so that values are what can be kept. The bytes
  // made here are the ones that are signed and sent.
  const body = Buffer.from(JSON.stringify(event === undefined ? null : event));
  debug(`${body.length} bytes to ${url.origin}${url.pathname}, ${Math.round(limit)} ms left`);

  for (let attempt = 1; ; attempt += 1) {
    let reason;
    let asked = 0;
    let retry = true;
    try {
      const answer = await post(url, token, body, context, end);
      const { status } = answer;
      if (status >= 200 && status < 300) {
        const ms = Math.round(performance.now() - started);
        debug(`attempt ${attempt}: status ${status} after ${ms} ms`);
        return accepted(answer);
      }
      reason = describe(answer);
      asked = retryAfter(answer.headers);
      retry = status === 408 || status === 429 || status >= 500;
    } catch (error) {
      reason = error.message || error.code;
    }

    const spare = end - performance.now() - least;
    if (!retry || spare <= 0) {
      const verdict = retry ? "not delivered in time" : "refused by the gateway";
      const failure = new Error(`${verdict}, attempt ${attempt}: ${reason}`);
      console.error(`relay: ${failure.message}`);
      throw failure;
    }
    // What the gateway asks for comes on top of the random part, or all instances would be back at
    // the same moment.
    const random = Math.random() * Math.min(pace.most, pace.first * 2 ** (attempt - 1));
    const pause = Math.min(spare, asked + random);
    console.warn(`relay: attempt ${attempt}: ${reason}; again in ${Math.round(pause)} ms`);
    await sleep(pause);
  }
};
