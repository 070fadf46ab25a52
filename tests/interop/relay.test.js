// The relay function under Node.js: what it posts, what it says of it, and over which connections.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { selfSigned } from "./certificate.js";
import {
  accept,
  against,
  answer,
  cut,
  drop,
  invoke,
  relayPath,
  reset,
  sampleEvent,
  setVariables,
  startInstance,
  token,
  verifySignature,
} from "./relay_support.js";

const connections = (target) => new Set(target.requests.map(({ connection }) => connection)).size;

after(() => setVariables({}));

describe("a post of the relay", () => {
  it("is the event as JSON, signed over the bytes sent", () =>
    against([accept], async (target, variables) => {
      const keys = ["plain", "日志/文件 é \u{1F600}.log", 'quoted " \\ \u0001', "\ud800"];
      for (const key of keys) {
        const event = { Records: [{ cos: { cosObject: { key } }, event: { reqid: 0 } }] };
        const { value } = await invoke(startInstance(), { event, variables });
        assert.deepEqual(value, { records: 1 });
        const request = target.requests.at(-1);
        assert.equal(request.method, "POST");
        assert.equal(request.headers["content-type"], "application/json");
        assert.equal(Number(request.headers["content-length"]), request.body.length);
        assert.match(request.headers["user-agent"], /^cos-gateway-relay\//);
        assert.deepEqual(JSON.parse(request.body), event);
        const time = await verifySignature(request, token);
        assert.ok(Math.abs(time - Date.now() / 1000) < 5);
      }
    }));

  it("is signed anew at every attempt, also at the immediate one and within a second", () =>
    against([accept, drop, answer(503), accept], async (target, variables) => {
      const relay = startInstance();
      await invoke(relay, { variables });
      assert.deepEqual((await invoke(relay, { variables })).value, { records: 1 });
      const times = [];
      for (const request of target.requests) times.push(await verifySignature(request, token));
      assert.equal(new Set(times.slice(1)).size, 3, String(times));
    }));

  it("is not signed without a token", () =>
    against([accept], async (target, { GATEWAY_URL }) => {
      await invoke(startInstance(), { variables: { GATEWAY_URL } });
      assert.equal(target.requests[0].headers["x-cos-signature"], undefined);
    }));

  it("names the invocation if it has a plain name", () =>
    against([accept], async (target, variables) => {
      const names = ["7d2b1f3e-0000-4c61", "two\r\nlines", 7, undefined];
      for (const request_id of names) {
        const { value } = await invoke(startInstance(), { variables, context: { request_id } });
        assert.deepEqual(value, { records: 1 });
      }
      const seen = target.requests.map(({ headers }) => headers["x-request-id"]);
      assert.deepEqual(seen, [names[0], undefined, undefined, undefined]);
    }));

  it("goes to the address given, whatever is in it and in the token", () =>
    against([accept], async (target) => {
      const key = "a=b;c==%3B;%25=";
      const variables = {
        GATEWAY_URL: `${target.url}hook/%20;v=1?a=1;b=%3D&c==&d=%25%E2`,
        GATEWAY_TOKEN: key,
        DEBUG_MODE: "false",
      };
      const { value } = await invoke(startInstance(), { variables });
      assert.deepEqual(value, { records: 1 });
      assert.equal(target.requests[0].url, "/hook/%20;v=1?a=1;b=%3D&c==&d=%25%E2");
      await verifySignature(target.requests[0], key);
    }));

  it("goes where the variables say at the time", () =>
    against([accept], (first, one) =>
      against([accept], async (second, two) => {
        const relay = startInstance();
        await invoke(relay, { variables: one });
        await invoke(relay, { variables: { ...two, GATEWAY_TOKEN: "other" } });
        assert.equal(first.requests.length, 1);
        assert.equal(second.requests.length, 1);
        await verifySignature(second.requests[0], "other");
      }),
    ));

  it("needs an http or https address", async () => {
    const bad = ["", "gateway:8080", "ftp://gateway/", "not an address", token];
    for (const GATEWAY_URL of bad) {
      const { error } = await invoke(startInstance(), { variables: { GATEWAY_URL } });
      assert.match(error.message, /^GATEWAY_URL is not /, GATEWAY_URL);
    }
    const { error } = await invoke(startInstance(), { variables: {} });
    assert.match(error.message, /^GATEWAY_URL is not set/);
  });
});

describe("the relay names the bucket", () => {
  const bucket = (cosBucket) => ({ Records: [{ cos: { cosBucket }, event: {} }] });
  const cases = [
    [bucket({ name: "photos", appid: "1250000000" }), "photos-1250000000"],
    [bucket({ name: "my-photos", appid: 1250000000 }), "my-photos-1250000000"],
    [bucket({ name: "two\r\nlines", appid: "1250000000" }), undefined],
    [bucket({ name: "photos" }), undefined],
    [bucket(null), undefined],
    [{ Records: [null] }, undefined],
  ];
  it("of the first record, if it is one", () =>
    against([accept], async (target, variables) => {
      for (const [event, name] of cases) {
        await invoke(startInstance(), { event, variables });
        assert.equal(target.requests.at(-1).headers["x-cos-bucket"], name);
      }
    }));
});

describe("the relay's connection", () => {
  it("is kept for the next invocation", () =>
    against([accept], async (target, variables) => {
      const relay = startInstance();
      const context = {};
      for (let i = 0; i < 5; i += 1) await invoke(relay, { variables, context });
      assert.equal(target.requests.length, 5);
      assert.equal(connections(target), 1);
      assert.equal(context.callbackWaitsForEmptyEventLoop, false);
    }));

  it("is kept after an error answer", () => {
    const script = [answer(401, "no"), answer(503, "x".repeat(5000)), accept];
    return against(script, async (target, variables) => {
      const relay = startInstance();
      await invoke(relay, { variables });
      await invoke(relay, { variables });
      assert.equal(target.requests.length, 3);
      assert.equal(connections(target), 1);
    });
  });

  for (const [how, die] of Object.entries({ closed: drop, reset })) {
    it(`is replaced at once when it was ${how} unnoticed, which is no attempt`, () =>
      against([accept, die, accept], async (target, variables) => {
        const relay = startInstance({ first: 1e9 });
        await invoke(relay, { variables });
        const { value, lines } = await invoke(relay, { variables });
        assert.deepEqual(value, { records: 1 });
        assert.deepEqual(lines, []);
        assert.equal(target.requests.length, 3);
        assert.equal(connections(target), 2);
      }));
  }

  it("is replaced at once only once", () =>
    against([accept, drop, drop, accept], async (target, variables) => {
      const relay = startInstance();
      await invoke(relay, { variables });
      const { value, lines } = await invoke(relay, { variables });
      assert.deepEqual(value, { records: 1 });
      assert.equal(lines.length, 1);
      assert.match(lines[0], /attempt 1: /);
    }));

  it("counts as tried when new, or when part of an answer came", () =>
    against([drop, accept, cut("HTTP/1.1 20"), accept], async (target, variables) => {
      const relay = startInstance();
      const first = await invoke(relay, { variables });
      assert.equal(first.lines.length, 1);
      const second = await invoke(relay, { variables });
      assert.equal(second.lines.length, 1);
      assert.deepEqual([first.value, second.value], [{ records: 1 }, { records: 1 }]);
    }));

  it("is not used again after it was idle for too long", () =>
    against([accept], async (target, variables) => {
      const relay = startInstance({ idle: -1 });
      await invoke(relay, { variables });
      await invoke(relay, { variables });
      assert.equal(connections(target), 2);
    }));

  it("is not shared by concurrent invocations", () => {
    const held = [];
    const hold = (...call) => {
      held.push(call);
      if (held.length === 8) for (const waiting of held.splice(0)) accept(...waiting);
    };
    return against([hold], async (target, variables) => {
      setVariables(variables);
      const relay = startInstance();
      const events = Array.from({ length: 8 }, (_, i) => ({ Records: Array(i).fill({ i }) }));
      const results = await Promise.all(events.map((event) => relay.main_handler(event, {})));
      assert.deepEqual(
        results.map(({ records }) => records),
        [0, 1, 2, 3, 4, 5, 6, 7],
      );
      assert.equal(connections(target), 8);
      for (const request of target.requests) await verifySignature(request, token);
    });
  });
});

describe("the relay's log", () => {
  it("is empty when all is well", () =>
    against([accept], async (target, variables) => {
      assert.deepEqual((await invoke(startInstance(), { variables })).lines, []);
    }));

  it("tells more in debug mode, but neither payload nor token", () =>
    against([answer(503), accept], async (target, variables) => {
      const { lines } = await invoke(startInstance(), {
        variables: { ...variables, GATEWAY_URL: `${target.url}?${token}`, DEBUG_MODE: "true" },
      });
      assert.equal(lines.length, 3);
      assert.match(lines[0], /bytes to http:\/\/127/);
      assert.match(lines[1], /attempt 1: status 503/);
      assert.match(lines[2], /attempt 2: status 200/);
      for (const line of lines) assert.ok(!line.includes("a.txt"));
    }));
});

describe("the relay over TLS", () => {
  // In a process of its own, as Node.js reads the additional authorities when it starts.
  async function run(variables) {
    // A tenth of it is what the last attempt has at least: enough for a handshake on a busy machine.
    const script = `require(process.env.RELAY).main_handler(JSON.parse(process.env.EVENT),
      { time_limit_in_ms: 3000 }).then((value) => console.log(JSON.stringify(value)))`;
    const child = spawn(process.execPath, ["-e", script], {
      env: { RELAY: relayPath, EVENT: JSON.stringify(sampleEvent), ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => (output += text));
    }
    const [code] = await once(child, "close");
    assert.ok(!output.includes(token), output);
    return { code, output };
  }

  it("posts to a gateway whose certificate it trusts, and to no other", async () => {
    const tls = selfSigned();
    const folder = await mkdtemp(path.join(os.tmpdir(), "cos-gateway-relay-"));
    const authorities = path.join(folder, "ca.pem");
    await writeFile(authorities, tls.cert);
    try {
      await against(
        [accept],
        async (target, variables) => {
          const trusting = await run({ ...variables, NODE_EXTRA_CA_CERTS: authorities });
          assert.deepEqual(trusting, { code: 0, output: '{"records":1}\n' });
          await verifySignature(target.requests[0], token);
          const other = await run(variables);
          assert.equal(other.code, 1);
          assert.match(other.output, /not delivered in time, attempt \d+: .*self.signed/);
          assert.equal(target.requests.length, 1);
        },
        { tls },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
