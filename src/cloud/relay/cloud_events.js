// Makes CloudEvents of what the platform invokes the relay with, exactly as the gateway makes them:
// the same ids, attributes, data and content modes. tests/data/mapping holds both to one list of
// examples.
"use strict";

const crypto = require("crypto");

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const lowerCase = (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

// Returns whether this is a CloudEvent in JSON, as EventBridge hands it to a function.
function isCloudEvent(event) {
  if (!isObject(event) || event.Records !== undefined) return false;
  return ["specversion", "id", "type", "source"].every((name) => typeof event[name] === "string");
}

// ---- redaction -----------------------------------------------------------------------------------

// Returns a function that takes the values of the headers `names` out of a JSON value and returns
// what is left. What may hold such a header and cannot be searched is blanked as a whole.
function makeRedactor(names) {
  if (!names.length) return (value) => value;
  const hidden = names.map(lowerCase);
  const blank = (value) => (/^\d$/.test(JSON.stringify(value)) ? 0 : "");
  const isEncoded = (text) =>
    /["']/.test(text) &&
    JSON.stringify(text).includes("\\") &&
    (text.includes("\\u") || hidden.some((name) => lowerCase(text).includes(name)));

  function searchMember(name, value, inHeaders) {
    if (inHeaders && hidden.includes(name)) return blank(value);
    if (name === "requestheaders") {
      return typeof value === "string" || Array.isArray(value) ? "" : search(value, true);
    }
    const holdsHeaders = name === "requestparameters" || name === "event";
    return holdsHeaders && typeof value === "string" ? "" : search(value, inHeaders);
  }
  function search(value, inHeaders = false) {
    if (typeof value === "string") return isEncoded(value) ? "" : value;
    if (Array.isArray(value)) return value.map((each) => search(each, inHeaders));
    if (!isObject(value)) return value;
    for (const [name, each] of Object.entries(value)) {
      value[name] = searchMember(lowerCase(name), each, inHeaders);
    }
    return value;
  }
  return (value) => search(value);
}

// ---- what a record says of itself ----------------------------------------------------------------

// Returns a string, or a number as JSON spells it; "" for anything else.
function textOf(value) {
  if (typeof value === "string") return value;
  return Number.isFinite(value) ? JSON.stringify(value) : "";
}

// Returns the ETag, which stands in the object or in its meta; of several the last counts.
function etagOf(object) {
  let etag;
  for (const [name, value] of Object.entries(object)) {
    if (lowerCase(name) === "etag") etag = value;
    if (name !== "meta" || !isObject(value)) continue;
    for (const [inner, each] of Object.entries(value)) {
      if (lowerCase(inner) === "etag") etag = each;
    }
  }
  return etag;
}

// Returns the members of a record that ids and attributes are made of, as texts.
function membersOf({ cos, event }) {
  const member = (object, name) => (isObject(object) ? object[name] : undefined);
  const bucket = member(cos, "cosBucket");
  const object = member(cos, "cosObject");
  const all = {
    appid: member(bucket, "appid"),
    bucket: member(bucket, "name"),
    longRegion: member(bucket, "cosRegion"),
    shortRegion: member(bucket, "region"),
    key: member(object, "key"),
    url: member(object, "url"),
    size: member(object, "size"),
    version: member(object, "vid"),
    etag: isObject(object) ? etagOf(object) : undefined,
    eventName: member(event, "eventName"),
    eventTime: member(event, "eventTime"),
    reqid: member(event, "reqid"),
    requestId: member(member(object, "meta"), "x-cos-request-id"),
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, textOf(value)]));
}

// Returns the type of events made of such records: other triggers have Records as well.
function typeOf(record) {
  const others = {
    Ckafka: "tencent-cloud-ckafka-event",
    CMQ: "tencent-cloud-cmq-event",
    s3: "s3-event",
  };
  const names = Object.keys(record);
  const isCos = names.includes("cos") || names.includes("event");
  const other = names.filter((name) => Object.hasOwn(others, name)).pop();
  return isCos || !other ? "tencent-cloud-cos-event" : others[other];
}

// ---- ids -----------------------------------------------------------------------------------------

// The gateway's namespace for ids made of names.
const namespace = Buffer.from("fd0818fd0bfd49fe8710a281fad708aa", "hex");

// Returns the UUID of version 5 for a name (RFC 9562 section 5.5).
function uuidOf(name) {
  const digest = crypto.createHash("sha1").update(namespace).update(name).digest();
  digest[6] = (digest[6] & 0x0f) | 0x50;
  digest[8] = (digest[8] & 0x3f) | 0x80;
  const digits = digest.toString("hex", 0, 16);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// Returns a text as bytes. Half a surrogate pair becomes the three bytes of its code point, so that
// texts that differ do not give one id.
function bytesOf(text) {
  const bytes = (char) => {
    const code = char.codePointAt(0);
    const isHalf = code >= 0xd800 && code < 0xe000;
    return isHalf ? [0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)] : [...Buffer.from(char)];
  };
  return /\p{Cs}/u.test(text) ? Buffer.from([...text].flatMap(bytes)) : Buffer.from(text);
}

// With its length before it, so that no two lists of texts make the same name.
const withLength = (bytes) => Buffer.concat([Buffer.from(`${bytes.length}:`), bytes]);

// Returns what the stable id of a record is made of. The first recipe had U+FFFD for half a
// surrogate pair, as Buffer.from() has.
function nameOf(recipe, record, members) {
  const { key, requestId } = members;
  if (!key && !requestId) {
    return ["bytes", JSON.stringify(record)].map((text) => withLength(Buffer.from(text)));
  }
  const { appid, bucket, longRegion, shortRegion, size, version, etag } = members;
  const { eventName, eventTime, reqid } = members;
  if (recipe === "stable-v1") {
    const parts = ["fields", appid, bucket, key, eventName, requestId, eventTime];
    return parts.map((text) => withLength(Buffer.from(text)));
  }
  const place = ["v2", appid, bucket, longRegion, shortRegion];
  const object = [key, size, version, etag, eventName, eventTime, reqid, requestId];
  return [...place, ...object].map((text) => withLength(bytesOf(text)));
}

// Returns a function that gives the records of one invocation their ids by a setting of event.id.
// From the second equal record on, its position among them is one text more.
function makeIds(setting) {
  if (setting === "random") return () => crypto.randomUUID();
  const seen = new Map();
  return (record, members) => {
    const parts = nameOf(setting, record, members);
    const id = uuidOf(Buffer.concat(parts));
    const position = (seen.get(id) || 0) + 1;
    seen.set(id, position);
    if (position === 1) return id;
    return uuidOf(Buffer.concat([...parts, withLength(Buffer.from(`${position}`))]));
  };
}

// ---- attributes ----------------------------------------------------------------------------------

// CloudEvents 1.0 "Type System": what a String may not hold.
const notInString = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

const firstTime = Date.parse("0000-01-01T00:00:00Z");
const behindLastTime = Date.parse("9999-12-31T23:59:59.999Z") + 1;
// Numbers from here on are milliseconds: as seconds they would be past the year 33000.
const firstMilliseconds = 1e12;

// Returns milliseconds since 1970, or nothing if the text is not RFC 3339.
function readRfc3339(text) {
  const pattern =
    /^(\d{4})-(\d\d)-(\d\d)t(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:z|([+-])(\d\d):(\d\d))$/i;
  const found = pattern.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const [fraction = "", sign = "+", offsetHour = "0", offsetMinute = "0"] = found.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const isTime = hour < 24 && minute < 60 && second < 61 && offsetHour < 24 && offsetMinute < 60;
  if (!isDate || !isTime) return undefined;
  const minutes = Number(`${sign}1`) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const time = date.getTime() + ((hour * 60 + minute - minutes) * 60 + second) * 1000;
  return time + Number(`${fraction}00`.slice(0, 3));
}

// Returns an event's time in RFC 3339, "" where it has none: Unix seconds, or RFC 3339 as old
// documents have it.
function eventTime(text) {
  const isNumber = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  const number = Number(text);
  const time = isNumber
    ? Math.round(number >= firstMilliseconds ? number : number * 1000)
    : readRfc3339(text);
  const first = isNumber ? 0 : firstTime;
  return time >= first && time < behindLastTime ? new Date(time).toISOString() : "";
}

// Returns the object's key without "/<appid>/<bucket>/" before it.
function objectKey({ key, bucket, appid }) {
  const front = `/${appid}/${bucket}/`;
  if (appid && bucket && key.startsWith(front)) return key.slice(front.length);
  return key.startsWith("/") ? key.slice(1) : key;
}

// Returns the long name of the region if the record or the host in its URL has it.
function regionOf({ longRegion, shortRegion, url }) {
  const scheme = url.indexOf("://");
  const host = scheme < 0 ? "" : url.slice(scheme + 3).split(/[/?#]/, 1)[0];
  const service = host.indexOf(".cos.");
  const labels = service < 0 ? [] : host.slice(service + 5).split(".");
  const named = labels.length > 1 && labels[0].includes("-") ? labels[0] : "";
  return longRegion || named || shortRegion;
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

// ---- events --------------------------------------------------------------------------------------

const isJson = (contentType) => /^[^/]+\/([^;]*\+)?json\s*(;|$)/i.test(contentType);

// Returns why the gateway would refuse an attribute of a CloudEvent, or nothing.
function wrongAttribute(name, value) {
  if (!/^[a-z0-9]{1,255}$/.test(name)) return "has a name not of a-z and 0-9";
  const texts = ["id", "source", "type", "subject", "dataschema", "datacontenttype"];
  if (texts.includes(name) && (typeof value !== "string" || !value)) return "is empty or no text";
  const isInteger = Number.isInteger(value) && (name === "time" || (value | 0) === value);
  if (typeof value !== "string" && typeof value !== "boolean" && !isInteger) {
    return "is not a string, boolean or integer";
  }
  return notInString.test(`${value}`) ? "has characters that an attribute may not have" : undefined;
}

// Returns the data of a CloudEvent without secrets; throws where it cannot be searched.
function redactData({ data, base64, contentType }, redact) {
  const isText = base64 !== undefined || (typeof data === "string" && !isJson(contentType));
  if (!isText) return { data: data === undefined ? undefined : redact(data) };
  const text = base64 === undefined ? data : Buffer.from(base64, "base64").toString();
  try {
    const searched = JSON.stringify(redact(JSON.parse(text)));
    if (base64 === undefined) return { data: searched };
    return { base64: Buffer.from(searched).toString("base64") };
  } catch {
    throw new Error("the data of the CloudEvent cannot be searched, as event.redact asks");
  }
}

// Returns an event that EventBridge made, its time in RFC 3339: EventBridge gives milliseconds.
function adopt(event, settings) {
  const { data, data_base64: base64 = undefined, ...attributes } = event;
  const refuse = (why) => {
    throw new Error(`no CloudEvent: ${why}`);
  };
  if (event.specversion !== "1.0") refuse("specversion is not 1.0");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) delete attributes[name];
    else if (wrongAttribute(name, value)) refuse(`${name} ${wrongAttribute(name, value)}`);
  }
  const { time } = attributes;
  if (time !== undefined && readRfc3339(`${time}`) === undefined) {
    if (!/^\d+$/.test(`${time}`) || Number(time) >= behindLastTime) refuse("time is not RFC 3339");
    attributes.time = new Date(Number(time)).toISOString();
  }
  const contentType = attributes.datacontenttype || "application/json";
  if (!settings.redact.length) return { attributes, data, base64: base64 ?? undefined };
  const parts = { data, base64: base64 ?? undefined, contentType };
  return { attributes, ...redactData(parts, makeRedactor(settings.redact)) };
}

// Returns the events of an invocation, each as {attributes, data, base64}.
function eventsOf(event, settings, source) {
  if (isCloudEvent(event)) return [adopt(event, settings)];
  if (!Array.isArray(event?.Records)) throw new Error("neither Records nor a CloudEvent");
  const time = new Date().toISOString();
  const idOf = makeIds(settings.id);
  const redact = makeRedactor(settings.redact);
  return event.Records.map((record, index) => {
    if (!isObject(record)) throw new Error(`record ${index} is no object`);
    const members = membersOf(record);
    const id = idOf(record, members);
    const type = typeOf(record);
    const datacontenttype = "application/json";
    const attributes = { specversion: "1.0", id, source, type, time, datacontenttype };
    const data = redact(record);
    // As the gateway has it: the id is that of the record as it came, attributes are of what is left.
    Object.assign(attributes, recordAttributes(membersOf(data), settings.attributes));
    return { attributes, data: settings.data === "records" ? { Records: [data] } : data };
  });
}

// ---- content modes -------------------------------------------------------------------------------

// Returns a header value as CloudEvents HTTP binding 1.0.2, section 3.1.3.2, has it.
function headerValue(value) {
  const encoded = (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return `${value}`.replace(/[^!#$&-~]/gu, (char) => [...Buffer.from(char)].map(encoded).join(""));
}

// Returns whether an event arrives as what it is in binary mode: a Content-Type that names an event
// format makes another event of it, and text is written in UTF-8.
function canBeBinary(contentType, data) {
  if (/^application\/cloudevents/i.test(contentType)) return false;
  const [, charset = "utf-8"] = /;\s*charset="?([^";\s]*)/i.exec(contentType) || [];
  return typeof data !== "string" || isJson(contentType) || /^utf-?8$/i.test(charset);
}

// Returns {fields, body} of the request with one event.
function encode({ attributes, data, base64 }, mode) {
  const { datacontenttype: given, ...others } = attributes;
  const contentType = given ?? (data === undefined ? undefined : "application/json");
  if (mode === "binary" && canBeBinary(contentType || "", data)) {
    const fields = contentType === undefined ? {} : { "Content-Type": contentType };
    for (const [name, value] of Object.entries(others)) fields[`ce-${name}`] = headerValue(value);
    const isText = typeof data === "string" && !isJson(contentType);
    const json = data === undefined ? "" : JSON.stringify(data);
    const body = base64 === undefined ? (isText ? data : json) : Buffer.from(base64, "base64");
    return { fields, body: Buffer.from(body) };
  }
  const event = { ...attributes, data, data_base64: base64 };
  const batch = mode === "batch";
  return {
    fields: { "Content-Type": `application/cloudevents${batch ? "-batch" : ""}+json` },
    body: Buffer.from(JSON.stringify(batch ? [event] : event)),
  };
}

module.exports = { isCloudEvent, eventsOf, encode };
