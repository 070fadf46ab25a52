// The relay function in front of the real gateway: payloads in, CloudEvents out.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { startEventbus, startGateway } from "./gateway.js";
import { invoke, startInstance, startTarget, token } from "./relay_support.js";

const folder = process.env.COS_GATEWAY_TEST_DATA;

describe("relay and gateway", () => {
  let eventbus;
  let gateway;
  let relay;
  let variables;
  before(async () => {
    eventbus = await startEventbus();
    gateway = await startGateway(eventbus, { gateway: { auth: "hmac", token } });
    relay = startInstance();
    variables = { GATEWAY_URL: gateway.url, GATEWAY_TOKEN: token };
  });
  after(async () => {
    await gateway?.stop();
    await eventbus?.stop();
  });

  function checkEvents(records) {
    const messages = eventbus.take();
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
    assert.deepEqual(eventbus.take(), []);
  });

  it("refuse what is no payload, with the gateway's reason", async () => {
    for (const event of [{ no: "records" }, { Records: [1] }, null, "text"]) {
      const { error } = await invoke(relay, { event, variables });
      assert.match(error.message, /^refused by the gateway, attempt 1: status 400: {"error":".+}$/);
    }
    assert.deepEqual(eventbus.take(), []);
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
