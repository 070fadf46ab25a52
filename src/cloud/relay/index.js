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
  const fields = { "Content-Length": body.length, "User-Agent": "cos-gateway-relay/2" };
  const { request_id: id } = context; // joins the platform's log with those on the way
  if (typeof id === "string" && /^[\w.-]{1,128}$/.test(id)) fields["X-Request-Id"] = id;
  return fields;
}

// Returns the signature field of a post: version 1 covers the body, version 2 the content type as
// well. A gateway takes the one it knows.
function signature(token, contentType, body) {
  const time = Math.floor(Date.now() / 1000);
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
    if (!retry || spare <= 0) {
      const verdict = retry ? "not delivered in time" : `refused by the ${receiver}`;
      const failure = new Error(`${verdict}, attempt ${attempt}: ${reason}`);
      console.error(`relay: ${failure.message}`);
      throw failure;
    }
    // What the answer asks for comes on top of the random part, or all instances would be back at
    // the same moment.
    const random = Math.random() * Math.min(pace.most, pace.first * 2 ** (attempt - 1));
    const pause = Math.min(spare, asked + random);
    console.warn(`relay: attempt ${attempt}: ${reason}; again in ${Math.round(pause)} ms`);
    await sleep(pause);
  }
}

// ---- by way of the gateway -----------------------------------------------------------------------

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// Whether this is a CloudEvent in JSON, as EventBridge hands it to a function.
function isCloudEvent(event) {
  if (!isObject(event) || event.Records !== undefined) return false;
  return ["specversion", "id", "type", "source"].every((name) => typeof event[name] === "string");
}

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
  const fields = () => {
    const all = { "Content-Type": "application/json", ...commonFields(body, context) };
    const bucket = bucketHint(event);
    if (bucket) all["X-Cos-Bucket"] = bucket;
    if (token) all["X-Cos-Signature"] = signature(token, all["Content-Type"], body);
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

// Blanks members of requestHeaders, whatever the case of their names. Headers that are no object
// cannot be searched and are withheld as a whole.
function redact(record, names) {
  const parameters = record?.event?.requestParameters;
  if (!names.length || !isObject(parameters) || parameters.requestHeaders == null) return;
  if (!isObject(parameters.requestHeaders)) {
    parameters.requestHeaders = "";
    return;
  }
  const hidden = new Set(names.map((name) => name.toLowerCase()));
  for (const name of Object.keys(parameters.requestHeaders)) {
    if (hidden.has(name.toLowerCase())) parameters.requestHeaders[name] = "";
  }
}

const textOf = (value) =>
  typeof value === "string" || typeof value === "number" ? `${value}` : "";

// CloudEvents 1.0 "Type System": what a String may not hold.
const notInString = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

// Returns what a record says of itself, as texts; "" for what it does not say.
function membersOf(record) {
  const { cosObject = {}, cosBucket = {} } = record.cos || {};
  const { eventName, eventTime, reqid } = record.event || {};
  const all = {
    appid: cosBucket?.appid,
    bucket: cosBucket?.name,
    longRegion: cosBucket?.cosRegion,
    shortRegion: cosBucket?.region,
    key: cosObject?.key,
    url: cosObject?.url,
    size: cosObject?.size,
    version: cosObject?.vid,
    etag: cosObject?.etag,
    eventName,
    eventTime,
    reqid,
    requestId: cosObject?.meta?.["x-cos-request-id"],
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, textOf(value)]));
}

// Returns the object's key without "/<appid>/<bucket>/" before it.
function objectKey({ key, bucket, appid }) {
  const front = `/${appid}/${bucket}/`;
  if (appid && bucket && key.startsWith(front)) return key.slice(front.length);
  return key.startsWith("/") ? key.slice(1) : key;
}

// Returns the long name of the region if the record or the host in its URL has it.
function regionOf({ longRegion, shortRegion, url }) {
  const host = /^[^:]*:\/\/([^/?#]*)/.exec(url);
  const named = host && /\.cos\.([^.]*-[^.]*)\./.exec(host[1]);
  return longRegion || (named && named[1]) || shortRegion;
}

// Returns an event's time as RFC 3339, or "" where it has none.
function eventTime(value) {
  const seconds = /^\d+(\.\d+)?$/.test(value);
  const dateTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value);
  const time = seconds ? new Date(Number(value) * 1000) : new Date(dateTime ? value : NaN);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}

// Returns the attributes made from a record that the settings ask for. Those it has nothing for, or
// nothing that a String may hold, are left out.
function recordAttributes(members, wanted) {
  const { bucket, appid, eventName } = members;
  const all = {
    subject: objectKey(members),
    cosbucket: bucket && appid ? `${bucket}-${appid}` : bucket,
    cosregion: regionOf(members),
    coseventname: eventName,
    coseventtime: eventTime(members.eventTime),
  };
  const legal = wanted.filter((name) => all[name] && !notInString.test(all[name]));
  return Object.fromEntries(legal.map((name) => [name, all[name]]));
}

// Returns the type of events made of such records: other triggers have Records as well.
function typeOf(record) {
  const others = { Ckafka: "tencent-cloud-ckafka-event", CMQ: "tencent-cloud-cmq-event", s3: "s3-event" };
  const other = Object.keys(others).find((name) => record[name] !== undefined);
  const cos = !other || record.cos !== undefined || record.event !== undefined;
  return cos ? "tencent-cloud-cos-event" : others[other];
}

// Returns an event that EventBridge made, its time in RFC 3339: EventBridge gives milliseconds.
function adopt(event, settings) {
  const { data, data_base64: base64, ...attributes } = event;
  for (const [name, value] of Object.entries(attributes)) {
    const legal = /^[a-z0-9]+$/.test(name) && !isObject(value) && !notInString.test(`${value}`);
    if (value === null) delete attributes[name];
    else if (!legal) throw new Error("an attribute of the CloudEvent is none");
  }
  if (/^\d+$/.test(attributes.time)) {
    attributes.time = new Date(Number(attributes.time)).toISOString();
  }
  for (const record of data?.Records || [data]) redact(record, settings.redact);
  return { attributes, data, base64 };
}

// Returns the events of an invocation.
function eventsOf(event, settings) {
  if (isCloudEvent(event)) return [adopt(event, settings)];
  if (!Array.isArray(event?.Records)) throw new Error("neither Records nor a CloudEvent");
  const time = new Date().toISOString();
  return event.Records.map((record, index) => {
    if (!isObject(record)) throw new Error(`record ${index} is no object`);
    redact(record, settings.redact);
    const attributes = {
      specversion: "1.0",
      id: crypto.randomUUID(),
      source: variable("FUNCTION_NAME") || "cos-gateway",
      type: typeOf(record),
      time,
      ...recordAttributes(membersOf(record), settings.attributes),
    };
    return { attributes, data: settings.data === "records" ? { Records: [record] } : record };
  });
}

// Returns a header value as CloudEvents HTTP binding 1.0.2, section 3.1.3.2, has it.
function headerValue(value) {
  const encoded = (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return `${value}`.replace(/[^!#$&-~]/gu, (char) => [...Buffer.from(char)].map(encoded).join(""));
}

// Returns {contentType, fields, body} of one event.
function encode({ attributes, data, base64 }, mode) {
  const type = attributes.datacontenttype || "application/json";
  if (mode === "binary") {
    const { datacontenttype, ...others } = attributes;
    const fields = Object.entries(others).map(([name, value]) => [`ce-${name}`, headerValue(value)]);
    const isText = typeof data === "string" && !/[/+]json\b/i.test(type);
    const json = data === undefined ? "" : JSON.stringify(data);
    const body = base64 === undefined ? (isText ? data : json) : Buffer.from(base64, "base64");
    return { contentType: type, fields: Object.fromEntries(fields), body };
  }
  const event = { ...attributes, datacontenttype: type, data, data_base64: base64 };
  const batch = mode === "batch";
  return {
    contentType: `application/cloudevents${batch ? "-batch" : ""}+json`,
    fields: {},
    body: JSON.stringify(batch ? [event] : event),
  };
}

async function straightToTarget(event, context, clock) {
  const url = addressIn("TARGET_URL");
  const settings = eventSettings();
  const events = eventsOf(event, settings);
  clock.debug(`${events.length} events to ${url.origin}${url.pathname}`);
  for (const each of events) {
    const { contentType, fields: own, body: content } = encode(each, settings.mode);
    const body = Buffer.from(content);
    const fields = () => ({
      "Content-Type": contentType,
      ...own,
      ...commonFields(body, context),
      ...settings.headers,
    });
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
