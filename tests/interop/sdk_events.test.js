// CloudEvents the SDK made, sent through the gateway and read by the SDK again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloudEvent, HTTP } from "cloudevents";
import { post, sharedGateway } from "./gateway.js";

const events = {
  "with JSON data": new CloudEvent({
    source: "/sdk/test",
    type: "com.example.object",
    subject: "reports/2024.csv",
    dataschema: "https://example.com/schema",
    datacontenttype: "application/json",
    tenant: "blue",
    data: { text: "日志 \"quoted\" 100%", list: [1, 2.5, null, true], nested: { deep: {} } },
  }),
  "with a JSON array as data": new CloudEvent({
    source: "urn:example:a",
    type: "array",
    datacontenttype: "application/json",
    data: [1, "two", { three: 3 }],
  }),
  "without data": new CloudEvent({ source: "/sdk/test", type: "com.example.empty" }),
};

function comparable(event) {
  const { data, ...attributes } = event.toJSON();
  // An event without data may or may not name the type of the data it does not have.
  if (!data) delete attributes.datacontenttype;
  else attributes.datacontenttype = attributes.datacontenttype?.split(";")[0];
  return { ...attributes, data: data || undefined };
}

for (const mode of ["binary", "structured"]) {
  describe(`delivered in ${mode} mode`, () => {
    const shared = sharedGateway({ delivery: { mode } });

    for (const [what, event] of Object.entries(events)) {
      for (const encode of [HTTP.binary, HTTP.structured]) {
        it(`keeps an event ${what}, posted in ${encode.name} mode`, async () => {
          const message = encode(event);
          const answer = await post(shared.gateway, message.body, message.headers);
          assert.equal(answer.status, 200, answer.text);
          assert.equal(answer.text, '{"records":1}');
          const messages = shared.eventbus.take();
          assert.equal(messages.length, 1);
          const arrived = HTTP.toEvent(messages[0]);
          assert.equal(arrived.validate(), true);
          assert.deepEqual(comparable(arrived), comparable(event));
        });
      }
    }

    it("keeps every event of a batch", async () => {
      const batch = Object.values(events);
      const answer = await post(shared.gateway, JSON.stringify(batch), {
        "content-type": "application/cloudevents-batch+json",
      });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.text, `{"records":${batch.length}}`);
      const arrived = shared.eventbus.take().map((message) => HTTP.toEvent(message));
      assert.deepEqual(
        new Set(arrived.map((event) => event.id)),
        new Set(batch.map((event) => event.id)),
      );
      for (const event of arrived) {
        const sent = batch.find(({ id }) => id === event.id);
        assert.deepEqual(comparable(event), comparable(sent));
      }
    });
  });
}
