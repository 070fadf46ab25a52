// COS posts in, CloudEvents out: what the SDK makes of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HTTP } from "cloudevents";
import { post, sharedGateway } from "./gateway.js";

const keys = [
  "plain.txt",
  "with blanks/in it.txt",
  `"quoted" and 'quoted'`,
  "100% sure %41 %zz",
  "back\\slash\ttab",
  "日志/2024/文件.log",
  "emoji \u{1F600} and \u00e9",
  "a".repeat(850),
  "é".repeat(425), // 850 bytes of UTF-8
];

const eventTime = 1_700_000_000;

function record(key) {
  return {
    cos: {
      cosSchemaVersion: "1.0",
      cosObject: {
        url: "http://pictures-1250000000.cos.ap-guangzhou.myqcloud.com/x",
        meta: { "x-cos-request-id": "NWViNTZmMmE=", "Content-Type": "image/png" },
        vid: "",
        key: `/1250000000/pictures/${key}`,
        size: 1029,
      },
      cosBucket: { region: "gz", cosRegion: "ap-guangzhou", name: "pictures", appid: "1250000000" },
      cosNotificationId: "unkown",
    },
    event: {
      eventName: "cos:ObjectCreated:Put",
      eventVersion: "1.0",
      eventTime,
      eventSource: "qcs::cos",
      requestParameters: { requestSourceIP: "203.0.113.7", requestHeaders: {} },
      eventQueue: "qcs:0:scf:ap-guangzhou:appid/1250000000:default.relay.$LATEST",
      reservedInfo: "",
      reqid: 1038862404,
    },
  };
}

// The SDK leaves attribute headers as they came; the binding (3.1.3.2) has them percent-encoded.
function text(value, mode) {
  return mode === "binary" ? decodeURIComponent(value) : value;
}

function checkEvent(event, key, mode, started) {
  assert.equal(event.validate(), true);
  assert.equal(event.specversion, "1.0");
  assert.match(event.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(event.source, "relay");
  assert.equal(event.type, "tencent-cloud-cos-event");
  assert.equal(event.datacontenttype, "application/json");
  const time = Date.parse(event.time);
  assert.ok(time >= started - 1000 && time <= Date.now() + 1000, `time ${event.time}`);
  if (/[\u0000-\u001f\u007f-\u009f]/.test(key)) {
    assert.equal(event.subject, undefined); // no String of CloudEvents may hold such characters
  } else {
    assert.equal(text(event.subject, mode), key);
  }
  assert.equal(event.cosbucket, "pictures-1250000000");
  assert.equal(event.cosregion, "ap-guangzhou");
  assert.equal(event.coseventname, "cos:ObjectCreated:Put");
  assert.equal(Date.parse(event.coseventtime), eventTime * 1000);
  assert.deepEqual(event.data, record(key));
}

for (const mode of ["binary", "structured", "batch"]) {
  describe(`${mode} mode`, () => {
    const shared = sharedGateway({
      delivery: { mode },
      event: {
        attributes: ["subject", "cosbucket", "cosregion", "coseventname", "coseventtime"],
      },
    });

    for (const key of keys) {
      const title = `${JSON.stringify(key.slice(0, 30))} (${Buffer.byteLength(key)} bytes)`;
      it(`carries the key ${title}`, async () => {
        const started = Date.now();
        const answer = await post(shared.gateway, JSON.stringify({ Records: [record(key)] }));
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.text, '{"records":1}');
        const messages = shared.eventbus.take();
        assert.equal(messages.length, 1);
        assert.equal(messages[0].url, "/gateway/interop");
        assert.ok(HTTP.isEvent(messages[0]));
        const event = HTTP.toEvent(messages[0]);
        checkEvent(mode === "batch" ? event[0] : event, key, mode, started);
      });
    }

    it("makes one event of each record", async () => {
      const started = Date.now();
      const answer = await post(shared.gateway, JSON.stringify({ Records: keys.map(record) }));
      assert.equal(answer.status, 200, answer.text);
      const events = shared.eventbus.take().flatMap((message) => HTTP.toEvent(message));
      assert.equal(events.length, keys.length);
      assert.equal(new Set(events.map((event) => event.id)).size, keys.length);
      const byKey = new Map(
        events.map((event) => [event.data.cos.cosObject.key.replace("/1250000000/pictures/", ""), event]),
      );
      for (const key of keys) checkEvent(byKey.get(key), key, mode, started);
    });
  });
}
