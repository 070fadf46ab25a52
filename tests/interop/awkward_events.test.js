// Awkward events, made by the SDK, sent through the gateway in every mode of posting and delivery, and
// read by the SDK again.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CloudEvent, HTTP } from "cloudevents";
import { post, sharedGateway } from "./gateway.js";

const batchType = "application/cloudevents-batch+json";
const awkward = JSON.parse(readFileSync(new URL("awkward_events.json", import.meta.url)));
const isAttribute = (name) => name.startsWith("ce-");

// The SDK writes attributes into headers as they are and reads them so: the percent-encoding of the
// HTTP binding (section 3.1.3.2) is its user's.
function mapped(headers, change) {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    isAttribute(name) ? change(`${value}`) : value,
  ]);
  return Object.fromEntries(entries);
}

const encoded = (text) => text.replace(/[^!#$&-~]+/gu, (part) =>
  [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
);

const ways = {
  binary: (event) => {
    const { headers, body } = HTTP.binary(event);
    return { headers: mapped(headers, encoded), body };
  },
  structured: (event) => HTTP.structured(event),
  batch: (event) => ({ headers: { "content-type": batchType }, body: JSON.stringify([event]) }),
};

function read({ headers, raw }) {
  const body = isAttribute(Object.keys(headers).find(isAttribute) ?? "")
    ? bodyOf(headers["content-type"], raw)
    : raw.toString();
  const events = HTTP.toEvent({ headers: mapped(headers, decodeURIComponent), body });
  return Array.isArray(events) ? events : [events];
}

// In binary mode the SDK leaves it to its user to tell text from bytes.
function bodyOf(type = "", raw) {
  return type.startsWith("application/octet-stream") ? raw : raw.toString();
}

function comparable(event) {
  const { data, data_base64: bytes, ...attributes } = event.toJSON();
  const has = data !== undefined && data !== "" && data !== null;
  if (!has && !bytes) delete attributes.datacontenttype;
  return { ...attributes, data: has ? data : undefined, bytes };
}

for (const mode of Object.keys(ways)) {
  describe(`awkward events delivered in ${mode} mode`, () => {
    const shared = sharedGateway({ delivery: { mode } });

    for (const [way, encode] of Object.entries(ways)) {
      for (const json of awkward) {
        it(`keeps "${json.id}", posted in ${way} mode`, async () => {
          const event = new CloudEvent(json);
          const { headers, body } = encode(event);
          const answer = await post(shared.gateway, body, headers);
          assert.equal(answer.text, '{"records":1}');
          const messages = shared.eventbus.take();
          assert.equal(messages.length, 1);
          const [arrived] = read(messages[0]);
          assert.equal(arrived.validate(), true);
          assert.deepEqual(comparable(arrived), comparable(event));
        });
      }
    }
  });
}
