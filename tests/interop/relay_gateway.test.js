// The relay function in front of the real gateway: payloads in, CloudEvents out.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { before, describe, it } from "node:test";
import { sharedGateway, startEventbus, startGateway } from "./gateway.js";
import { invoke, startInstance, startTarget, token } from "./relay_support.js";

const folder = process.env.COS_GATEWAY_TEST_DATA;

describe("relay and gateway", () => {
  const shared = sharedGateway({ gateway: { auth: "hmac", token } });
  let relay;
  let variables;
  before(() => {
    relay = startInstance();
    variables = { GATEWAY_URL: shared.gateway.url, GATEWAY_TOKEN: token };
  });

  function checkEvents(records) {
    const messages = shared.eventbus.take();
    const data = messages.map(({ body }) => JSON.parse(body));
    const texts = (values) => values.map((value) => JSON.stringify(value)).sort();
    assert.deepEqual(texts(data), texts(records)); // in any order
    for (const { headers, url } of messages) {
      assert.equal(url, "/gateway/interop");
      assert.equal(headers["ce-specversion"], "1.0");
      assert.equal(headers["ce-type"], "tencent-cloud-cos-event");
      assert.equal(headers["ce-source"], "relay");
      assert.match(headers["ce-id"], /^[0-9a-f-]{36}$/);
    }
    assert.equal(new Set(messages.map(({ headers }) => headers["ce-id"])).size, records.length);
  }

  it("deliver every sample payload", async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
    assert.ok(names.length > 5);
    for (const name of names) {
      const event = JSON.parse(await readFile(path.join(folder, name), "utf8"));
      const { value, error } = await invoke(relay, { event, variables });
      assert.deepEqual([name, value, error], [name, { records: event.Records.length }, undefined]);
      checkEvents(event.Records);
    }
  });

  it("deliver many records of one payload", async () => {
    const Records = Array.from({ length: 200 }, (_, i) => ({
      cos: { cosObject: { key: `/1/b/日志 é "${i}"`, size: i } },
      event: { eventName: "cos:ObjectCreated:Put", eventTime: 1_700_000_000 + i },
    }));
    const { value } = await invoke(relay, { event: { Records }, variables });
    assert.deepEqual(value, { records: 200 });
    checkEvents(Records);
  });

  it("accept a payload without records", async () => {
    const { value, lines } = await invoke(relay, { event: { Records: [] }, variables });
    assert.deepEqual(value, { records: 0 });
    assert.deepEqual(lines, []);
  });

  it("refuse a post that is signed with another key, or not at all", async () => {
    for (const GATEWAY_TOKEN of ["another", ""]) {
      const { error } = await invoke(relay, { variables: { ...variables, GATEWAY_TOKEN } });
      assert.match(error.message, /^refused by the gateway, attempt 1: status 401: {"error":".+}$/);
    }
    assert.deepEqual(shared.eventbus.take(), []);
  });

  it("refuse what is no payload, with the gateway's reason", async () => {
    for (const event of [{ no: "records" }, { Records: [1] }, null, "text"]) {
      const { error } = await invoke(relay, { event, variables });
      assert.match(error.message, /^refused by the gateway, attempt 1: status 400: {"error":".+}$/);
    }
    assert.deepEqual(shared.eventbus.take(), []);
  });
});

describe("relay and gateway, the eventbus being down", () => {
  it("deliver once it is back", async () => {
    let back = false;
    const eventbus = await startTarget([(response) => response.writeHead(back ? 204 : 503).end()]);
    try {
      const gateway = await startGateway(
        { port: new URL(eventbus.url).port },
        { delivery: { deadline: "200ms" } },
      );
      const { value, lines } = await invoke(startInstance(), {
        variables: { GATEWAY_URL: gateway.url, GATEWAY_TOKEN: token },
        onLine: () => (back = true),
      });
      await gateway.stop();
      assert.deepEqual(value, { records: 1 });
      assert.equal(lines.length, 1);
      assert.match(lines[0], /attempt 1: status 504: {"error":"not delivered within/);
    } finally {
      await eventbus.stop();
    }
  });
});

// The same payloads by both ways: through the gateway, and made into events by the relay itself.
describe("relay without a gateway", () => {
  const attributes = ["subject", "cosbucket", "cosregion", "coseventname", "coseventtime"];
  const settings = [
    {},
    { attributes, redact: ["authorization", "X-Cos-Storage-Class"] },
    { mode: "structured", data: "records", attributes },
    { mode: "batch", attributes: ["cosregion"] },
  ];
  const own = ["user-agent", "accept-encoding", "content-length", "host", "connection"];
  const varying = ["ce-id", "ce-time", ...own];

  // What an eventbus sees of an event but its id and time.
  function view({ url, headers, body }) {
    const kept = Object.entries(headers).filter(([name]) => !varying.includes(name));
    const [event] = [JSON.parse(body)].flat();
    if (event.specversion) {
      delete event.id;
      delete event.time;
    }
    return { url, headers: Object.fromEntries(kept.sort()), event };
  }

  async function payloads() {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
    const samples = names.map(async (name) => JSON.parse(await readFile(path.join(folder, name))));
    const keys = ["/1/b/日志 é \"%25%\"", "/1/b/", "no-slash", "/2/b/x", "//1/b/x", "/1/b/a b/c~!#$&'()*"];
    const made = keys.map((key) => ({
      Records: [
        {
          cos: {
            cosObject: { key, url: "https://b-1.cos.ap-x-1.myqcloud.com:443/x", size: 1 },
            cosBucket: { name: "b", appid: "1", region: "bj" },
          },
          event: { eventName: "cos:ObjectCreated: *", eventTime: "2024-02-28T23:59:59+08:00" },
        },
        { cos: { cosBucket: { name: "b", cosRegion: "ap-y-2" } }, event: { eventTime: "soon" } },
        { cos: {}, event: {} },
        {},
      ],
    }));
    return [...(await Promise.all(samples)), ...made];
  }

  for (const event of settings) {
    it(`makes the gateway's events with ${JSON.stringify(event)}`, async () => {
      const { mode = "binary", ...others } = event;
      const eventbus = await startEventbus();
      const gateway = await startGateway(eventbus, {
        delivery: { mode, connections: 1, pipeline: 1 },
        event: others,
        gateway: { auth: "hmac", token },
      });
      try {
        const relay = startInstance();
        const direct = {
          TARGET_URL: `http://127.0.0.1:${eventbus.port}/gateway/interop`,
          FUNCTION_NAME: "relay",
          EVENT_SETTINGS: JSON.stringify(event),
        };
        for (const payload of await payloads()) {
          for (const record of payload.Records) {
            const one = () => ({ Records: [structuredClone(record)] });
            const through = { GATEWAY_URL: gateway.url, GATEWAY_TOKEN: token };
            const first = await invoke(relay, { event: one(), variables: through });
            const theirs = eventbus.take().map(view);
            const second = await invoke(relay, { event: one(), variables: direct });
            const ours = eventbus.take().map(view);
            assert.deepEqual([first.value, second.value], [{ records: 1 }, { records: 1 }]);
            assert.deepEqual(ours, theirs, JSON.stringify(record));
          }
        }
      } finally {
        await gateway.stop();
        await eventbus.stop();
      }
    });
  }
});
