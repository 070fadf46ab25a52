// The relay function without a gateway: it makes the CloudEvents itself and posts them to the target.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, it } from "node:test";
import { answer, drop, invoke, setVariables, startInstance, startTarget, withTarget } from "./relay_support.js";

const accepted = answer(202, "queued");
const record = {
  cos: {
    cosObject: { key: "/1250000000/photos/a b/é%.jpg", url: "http://photos-1250000000.cos.ap-beijing.myqcloud.com/x" },
    cosBucket: { name: "photos", appid: "1250000000", region: "bj" },
  },
  event: {
    eventName: "cos:ObjectCreated:Put",
    eventTime: 1767322800,
    requestParameters: { requestHeaders: { Authorization: "q-sign", Host: "h" } },
  },
};
const payload = (...records) => ({ Records: structuredClone(records) });
const names = ["subject", "cosbucket", "cosregion", "coseventname", "coseventtime"];

const against = (script, settings, use) =>
  withTarget(script, (target) =>
    use(target, {
      TARGET_URL: `${target.url}gateway/orders`,
      FUNCTION_NAME: "relay",
      EVENT_SETTINGS: JSON.stringify(settings),
    }),
  );

after(() => setVariables({}));

describe("the relay without a gateway", () => {
  it("posts each record as a CloudEvent in binary mode", () =>
    against([accepted], {}, async (target, variables) => {
      const event = payload(record, { ...record, other: 1 });
      const { value, lines } = await invoke(startInstance(), { event, variables });
      assert.deepEqual([value, lines], [{ records: 2 }, []]);
      const ids = new Set();
      for (const [index, { method, url, headers, body }] of target.requests.entries()) {
        assert.equal(`${method} ${url}`, "POST /gateway/orders");
        assert.equal(headers["content-type"], "application/json");
        assert.equal(headers["ce-specversion"], "1.0");
        assert.equal(headers["ce-source"], "relay");
        assert.equal(headers["ce-type"], "tencent-cloud-cos-event");
        assert.match(headers["ce-id"], /^[0-9a-f-]{36}$/);
        assert.match(headers["ce-time"], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        assert.equal(headers["x-cos-signature"], undefined);
        assert.deepEqual(JSON.parse(body), event.Records[index]);
        ids.add(headers["ce-id"]);
      }
      assert.equal(ids.size, 2);
    }));

  it("adds the attributes and headers asked for", () =>
    against([accepted], { attributes: names, headers: { Authorization: "Bearer =;%" } }, async (target, variables) => {
      await invoke(startInstance(), { event: payload(record), variables });
      const { headers } = target.requests[0];
      assert.equal(headers["ce-subject"], "a%20b/%C3%A9%25.jpg");
      assert.equal(headers["ce-cosbucket"], "photos-1250000000");
      assert.equal(headers["ce-cosregion"], "ap-beijing");
      assert.equal(headers["ce-coseventname"], "cos:ObjectCreated:Put");
      assert.equal(headers["ce-coseventtime"], "2026-01-02T03:00:00.000Z");
      assert.equal(headers.authorization, "Bearer =;%");
    }));

  // The same list is in the gateway's unit tests.
  it("makes the events that the gateway makes", async () => {
    const file = path.join(process.env.COS_GATEWAY_TEST_DATA, "mapping", "vectors.json");
    const vectors = JSON.parse(await readFile(file, "utf8"));
    assert.ok(vectors.length > 10);
    for (const { name, event: settings, payload, events } of vectors) {
      assert.equal(JSON.stringify(JSON.parse(payload)), payload, "what the relay would post");
      await against([accepted], { ...settings, mode: "structured" }, async (target, variables) => {
        const { error } = await invoke(startInstance(), { event: JSON.parse(payload), variables });
        assert.equal(error, undefined, name);
        const made = target.requests.map(({ body }) => {
          const { data, specversion, source, time, datacontenttype, ...attributes } = JSON.parse(body);
          return { attributes, data };
        });
        const expected = events.map(({ attributes, data }) => ({ attributes, data: JSON.parse(data) }));
        assert.deepEqual(made, expected, name);
      });
    }
  });

  for (const [mode, type] of Object.entries({
    structured: "application/cloudevents+json",
    batch: "application/cloudevents-batch+json",
  })) {
    it(`speaks ${mode} mode`, () =>
      against([accepted], { mode, data: "records", attributes: ["subject"] }, async (target, variables) => {
        await invoke(startInstance(), { event: payload(record), variables });
        const { headers, body } = target.requests[0];
        assert.equal(headers["content-type"], type);
        assert.equal(headers["ce-id"], undefined);
        const [event] = [JSON.parse(body)].flat();
        assert.equal(event.datacontenttype, "application/json");
        assert.equal(event.subject, "a b/é%.jpg");
        assert.deepEqual(event.data, payload(record));
      }));
  }

  it("redacts, and withholds headers it cannot search", () =>
    against([accepted], { redact: ["authorization"] }, async (target, variables) => {
      const odd = structuredClone(record);
      odd.event.requestParameters.requestHeaders = "Authorization: q-sign";
      await invoke(startInstance(), { event: payload(record, odd), variables });
      const [one, two] = target.requests.map(({ body }) => JSON.parse(body).event.requestParameters);
      assert.deepEqual(one.requestHeaders, { Authorization: "", Host: "h" });
      assert.equal(two.requestHeaders, "");
    }));

  it("passes on what EventBridge made, with a time as the specification has it", () =>
    against([accepted], {}, async (target, variables) => {
      const event = {
        specversion: "1.0",
        id: "7",
        type: "cos:ObjectCreated:Put",
        source: "cos.cloud.tencent",
        subject: "qcs::cos:ap-guangzhou:uid/1:bucket/a",
        time: "1615430559146",
        region: "ap-guangzhou",
        datacontenttype: "application/json;charset=utf-8",
        data: { cos: {} },
      };
      const { value } = await invoke(startInstance(), { event, variables });
      assert.deepEqual(value, { records: 1 });
      const { headers, body } = target.requests[0];
      assert.equal(headers["content-type"], event.datacontenttype);
      assert.equal(headers["ce-time"], "2021-03-11T02:42:39.146Z");
      assert.equal(headers["ce-region"], "ap-guangzhou");
      assert.equal(headers["ce-source"], event.source);
      assert.deepEqual(JSON.parse(body), event.data);
    }));

  it("refuses an event that is none, and data it cannot search for secrets", () =>
    against([accepted], { redact: ["Authorization"] }, async (target, variables) => {
      const good = { specversion: "1.0", id: "7", type: "t", source: "s" };
      const bad = {
        "no CloudEvent: specversion is not 1.0": { specversion: "0.3" },
        "no CloudEvent: id is empty or no text": { id: "" },
        "no CloudEvent: time is not RFC 3339": { time: "yesterday" },
        "no CloudEvent: Region has a name not of a-z and 0-9": { Region: "x" },
        "no CloudEvent: more is not a string, boolean or integer": { more: [1] },
        "no CloudEvent: size is not a string, boolean or integer": { size: 2 ** 31 },
        "no CloudEvent: key has characters that an attribute may not have": { key: "a\tb" },
        "the data of the CloudEvent cannot be searched, as event.redact asks": {
          datacontenttype: "text/plain",
          data: "Authorization: q",
        },
      };
      for (const [message, change] of Object.entries(bad)) {
        const { error } = await invoke(startInstance(), { event: { ...good, ...change }, variables });
        assert.equal(error.message, message);
      }
      assert.equal(target.requests.length, 0);
    }));

  it("sends text of another charset as a structured event, and data without a type as JSON", () =>
    against([accepted], {}, async (target, variables) => {
      const event = { specversion: "1.0", id: "7", type: "t", source: "s" };
      const latin = { ...event, datacontenttype: "text/plain; charset=iso-8859-1", data: "\u00e9" };
      for (const one of [latin, { ...event, data: "\u00e9" }, event]) {
        await invoke(startInstance(), { event: one, variables });
      }
      const seen = target.requests.map(({ headers, body }) => [headers["content-type"], `${body}`]);
      assert.deepEqual(JSON.parse(seen[0][1]), latin);
      assert.deepEqual(seen.map(([type]) => type), ["application/cloudevents+json", "application/json", undefined]);
      assert.deepEqual(seen.slice(1).map(([, body]) => body), ['"\u00e9"', ""]);
    }));

  it("sends an event again with the same id, and takes any 2xx", () =>
    against([drop, answer(503), answer(425), accepted], {}, async (target, variables) => {
      const { value, lines } = await invoke(startInstance(), { event: payload(record), variables });
      assert.deepEqual([value, lines.length], [{ records: 1 }, 3]);
      assert.equal(new Set(target.requests.map(({ headers }) => headers["ce-id"])).size, 1);
    }));

  it("throws when the target refuses, or for too long does not answer", () =>
    against([answer(404, "no such bus")], {}, async (target, variables) => {
      const { error } = await invoke(startInstance(), { event: payload(record), variables });
      assert.equal(error.message, "refused by the target, attempt 1: status 404: no such bus");
      for (const status of [501, 400, 302]) {
        const other = await startTarget([answer(status)]);
        const result = await invoke(startInstance(), {
          event: payload(record),
          variables: { ...variables, TARGET_URL: other.url },
        });
        await other.stop();
        assert.match(result.error.message, /^refused by the target, attempt 1/);
      }
      await target.stop();
      const late = await invoke(startInstance(), {
        event: payload(record),
        variables,
        context: { time_limit_in_ms: 300 },
      });
      assert.match(late.error.message, /^not delivered in time, attempt \d+: .*ECONNREFUSED/);
    }));

  it("refuses what is neither a payload nor an event", () =>
    against([accepted], {}, async (target, variables) => {
      for (const event of [{ no: "records" }, null, "text", [], { specversion: "1.0", id: 7 }, payload(7)]) {
        const { error } = await invoke(startInstance(), { event, variables });
        assert.match(error.message, /neither Records nor a CloudEvent|record 0 is no object/);
      }
      assert.equal(target.requests.length, 0);
    }));

  it("needs an http or https address", async () => {
    const variables = { TARGET_URL: "bus:8080" };
    const { error } = await invoke(startInstance(), { event: payload(record), variables });
    assert.match(error.message, /^TARGET_URL is not an http or https URL/);
  });
});
