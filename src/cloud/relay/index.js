// The relay function takes the COS events it is invoked with to where they belong, and returns only
// when they are there. It has two ways. With GATEWAY_URL it posts the payload to the gateway, which
// makes the CloudEvents. Without, it makes the CloudEvents itself, as the gateway would, and posts
// each to TARGET_URL. When it cannot, it throws, and the platform invokes it again. For Node.js 16
// and later, without dependencies.
"use strict";

const crypto = require("crypto");
const http = require("http");
const https = require("https");
const { setTimeout: sleep } = require("timers/promises");
const { encode, eventsOf } = require("./cloud_events.js");

// In milliseconds; exported so that tests need not wait.
const pace = {
  limit: 60e3, // of the invocation, where the platform does not tell
  attempt: 27e3, // the gateway answers within 25 s, if only that it could not deliver
  connect: 5e3, // name, TCP and TLS; a gateway that is gone shall not cost a whole attempt
  first: 200, // upper bound of the first pause; doubles, each pause random below it
  most: 10e3,
  idle: 60e3, // a connection unused for longer is not trusted; the gateway closes at 75 s
  least: 5e3, // left after the last pause, of short invocations a tenth: time for another attempt
  reserve: 1e3, // kept to report the failure, of short invocations a twentieth
};

const keptBytes = 1024; // of an answer, for the log
const readBytes = 64 * 1024; // of an answer, before the connection is given up instead

// They outlive the invocation: the next one of a warm instance finds its connection here. Only one
// is kept, as an instance serves one event at a time: of two, both could turn out dead.
const options = { keepAlive: true, maxFreeSockets: 1 };
const agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
const lastUse = new WeakMap(); // of a socket

// Returns the value of a variable. The platform may cut one at ';' and at '=', so the deployer
// writes these two, and '%', as %3B, %3D and %25. Nothing else is decoded.
function variable(name) {
  const decode = (_, code) => String.fromCharCode(parseInt(code, 16));
  return (process.env[name] || "").replace(/%(25|3B|3D)/gi, decode);
}

// Returns the address in a variable. The value is not quoted in the error, as it may be a token that
// was put into the wrong variable.
function addressIn(name) {
  let url;
  try {
    url = new URL(variable(name));
  } catch {
    // Reported below.
  }
  if (!url || !agents[url.protocol]) throw new Error(`${name} is not an http or https URL`);
  return url;
}

function timeLimit(context) {
  const { getRemainingTimeInMillis: ask, time_limit_in_ms: whole } = context;
  const told = [typeof ask === "function" ? ask.call(context) : NaN, Number(whole)];
  return told.find((ms) => ms > 0 && ms < Infinity) || pace.limit;
}

// Returns the fields that every request carries.
function commonFields(body, context) {
  const fields = {
    "Content-Length": body.length,
    "User-Agent": "cos-gateway-relay/2",
    "Accept-Encoding": "identity", // the answer is read
  };
  const { request_id: id } = context; // joins the platform's log with those on the way
  if (typeof id === "string" && /^[\w.-]{1,128}$/.test(id)) fields["X-Request-Id"] = id;
  return fields;
}

// Returns the signature field of a post: version 1 covers the body, version 2 the content type as
// well. A gateway takes the one it knows.
function signature(token, time, contentType, body) {
  const mac = (fields) =>
    crypto.createHmac("sha256", token).update(`${time}.${fields}`).update(body).digest("hex");
  return `t=${time},v1=${mac("")},v2=${mac(`content-type:${contentType}\n.`)}`;
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

// Sends a request, and once more at once if its connection was stale. `fields` makes the fields, as
// a signature is made anew for every request.
async function post(url, fields, body, end) {
  const once = () => request(url, fields(), body, end - performance.now());
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

// Posts until the answer is accepted; throws when it is refused or when time is up. `judge` returns
// what is wrong with an answer of status 2xx, or nothing.
async function deliver({ url, fields, body, judge, receiver, clock }) {
  for (let attempt = 1; ; attempt += 1) {
    let reason;
    let asked = 0;
    let retry = true;
    try {
      const answer = await post(url, fields, body, clock.end);
      const { status } = answer;
      const ok = status >= 200 && status < 300;
      const problem = ok ? judge(answer) : describe(answer);
      if (!problem) {
        clock.debug(`attempt ${attempt}: status ${status}`);
        return;
      }
      reason = problem;
      asked = retryAfter(answer.headers);
      retry = ok || [408, 425, 429].includes(status) || (status >= 500 && status !== 501);
    } catch (error) {
      reason = error.message || error.code;
    }

    const spare = clock.end - performance.now() - clock.least;
    if (retry && spare > 0) {
      // What the answer asks for comes on top of the random part, or all instances would be back at
      // the same moment.
      const random = Math.random() * Math.min(pace.most, pace.first * 2 ** (attempt - 1));
      const pause = Math.min(spare, asked + random);
      console.warn(`relay: attempt ${attempt}: ${reason}; again in ${Math.round(pause)} ms`);
      await sleep(pause);
      // The instance may have been frozen, or short of CPU: an attempt that is cut off at once
      // would only put its own end in place of the reason.
      if (clock.end - performance.now() > clock.least / 2) continue;
    }
    const verdict = retry ? "not delivered in time" : `refused by the ${receiver}`;
    const failure = new Error(`${verdict}, attempt ${attempt}: ${reason}`);
    console.error(`relay: ${failure.message}`);
    throw failure;
  }
}

// ---- by way of the gateway -----------------------------------------------------------------------

// Returns the bucket as name-appid, which tells the gateway whose share of it a post needs.
function bucketHint(event) {
  const { name, appid } = event?.Records?.[0]?.cos?.cosBucket || {};
  const text = `${name}-${appid}`;
  return /^[a-z0-9][a-z0-9-]{0,62}-\d{1,20}$/.test(text) ? text : undefined;
}

// Returns what makes an answer of status 2xx another than the gateway's, which names the number of
// records it took: a proxy's welcome page is no receipt.
function judgeReceipt(answer, expected) {
  try {
    if (JSON.parse(answer.text).records === expected) return undefined;
  } catch {
    // Described below.
  }
  return `no gateway's answer, is GATEWAY_URL right? ${describe(answer)}`;
}

async function throughGateway(event, context, clock) {
  const url = addressIn("GATEWAY_URL");
  const token = variable("GATEWAY_TOKEN");
  // The platform hands over an object it has parsed. The bytes made here are the ones that are
  // signed and sent.
  const body = Buffer.from(JSON.stringify(event === undefined ? null : event));
  const records = Array.isArray(event?.Records) ? event.Records.length : 1;
  let time = 0; // of the signature, in seconds
  const fields = () => {
    const all = { "Content-Type": "application/json", ...commonFields(body, context) };
    const bucket = bucketHint(event);
    if (bucket) all["X-Cos-Bucket"] = bucket;
    // Two attempts within a second differ, or a gateway with a replay_window refuses the second.
    time = Math.max(time + 1, Math.floor(Date.now() / 1000));
    if (token) all["X-Cos-Signature"] = signature(token, time, all["Content-Type"], body);
    return all;
  };
  const judge = (answer) => judgeReceipt(answer, records);
  clock.debug(`${body.length} bytes to ${url.origin}${url.pathname}`);
  await deliver({ url, fields, body, judge, receiver: "gateway", clock });
  return { records };
}

// ---- straight to the target ----------------------------------------------------------------------

// Returns the gateway's settings for events, as the deployer writes them into EVENT_SETTINGS.
function eventSettings() {
  const standard = { mode: "binary", id: "random", data: "record", attributes: [], redact: [] };
  return { ...standard, headers: {}, ...JSON.parse(variable("EVENT_SETTINGS") || "{}") };
}

async function straightToTarget(event, context, clock) {
  const url = addressIn("TARGET_URL");
  const settings = eventSettings();
  const events = eventsOf(event, settings, variable("FUNCTION_NAME") || "cos-gateway");
  clock.debug(`${events.length} events to ${url.origin}${url.pathname}`);
  for (const each of events) {
    const { fields: own, body } = encode(each, settings.mode);
    const fields = () => ({ ...own, ...commonFields(body, context), ...settings.headers });
    await deliver({ url, fields, body, judge: () => undefined, receiver: "target", clock });
  }
  return { records: events.length };
}

exports.pace = pace;

exports.main_handler = async (event, context = {}) => {
  const started = performance.now();
  // Else the invocation would last until the kept connection is closed.
  context.callbackWaitsForEmptyEventLoop = false;
  const limit = timeLimit(context);
  const clock = {
    end: started + limit - Math.min(pace.reserve, limit / 20),
    least: Math.min(pace.least, limit / 10),
    debug: (line) => {
      if (process.env.DEBUG_MODE !== "true") return;
      console.log(`relay: ${line}, after ${Math.round(performance.now() - started)} ms`);
    },
  };
  // Read at each invocation: the variables may have changed.
  if (variable("GATEWAY_URL")) return throughGateway(event, context, clock);
  if (variable("TARGET_URL")) return straightToTarget(event, context, clock);
  throw new Error("GATEWAY_URL is not set: nowhere to post events to");
};
