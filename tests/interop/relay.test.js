// The relay function under Node.js: what it does with every kind of answer, or without one.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { selfSigned } from "./certificate.js";
import {
  accept,
  answer,
  cut,
  drop,
  invoke,
  relayPath,
  reset,
  sampleEvent,
  setVariables,
  silence,
  stall,
  startInstance,
  startTarget,
  token,
  verifySignature,
} from "./relay_support.js";

const withTime = (ms) => ({ getRemainingTimeInMillis: () => ms });
const connections = (target) => new Set(target.requests.map(({ connection }) => connection)).size;

// A target with this script for as long as `use` takes.
async function against(script, use, options) {
  const target = await startTarget(script, options);
  const variables = { GATEWAY_URL: target.url, GATEWAY_TOKEN: token };
  try {
    await use(target, variables);
  } finally {
    await target.stop();
  }
}

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

  it("is signed anew at every attempt, also at the immediate one", (t) =>
    against([accept, drop, answer(503), accept], async (target, variables) => {
      const real = Date.now;
      t.mock.method(Date, "now", () => real() + target.requests.length * 1000);
      const relay = startInstance();
      await invoke(relay, { variables });
      assert.deepEqual((await invoke(relay, { variables })).value, { records: 1 });
      const times = [];
      for (const request of target.requests) times.push(await verifySignature(request, token));
      assert.equal(new Set(times).size, 4, String(times));
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

describe("the relay tries again", () => {
  const passing = {
    "status 503": answer(503, '{"error":"overloaded"}'),
    "status 500": answer(500, "oops"),
    "status 502": answer(502, '{"records":1,"delivered":0,"failed":[]}'),
    "status 504": answer(504),
    "status 408": answer(408, "", { connection: "close" }),
    "status 429": answer(429),
    "socket hang up": drop,
    "answer cut off": cut('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"rec'),
    "Parse Error": cut("SMTP ready\r\n\r\n"),
    "no answer within 200 ms": silence,
    "answer within 200 ms": stall('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"rec'),
  };
  for (const [reason, failure] of Object.entries(passing)) {
    it(`after ${reason}`, () =>
      against([failure, failure, accept], async (target, variables) => {
        const { value, lines } = await invoke(startInstance({ attempt: 200 }), { variables });
        assert.deepEqual(value, { records: 1 });
        assert.equal(target.requests.length, 3);
        assert.equal(lines.length, 2);
        for (const line of lines) assert.ok(line.includes(reason), line);
        for (const { body } of target.requests) assert.deepEqual(body, target.requests[0].body);
      }));
  }

  it("when the connection was refused", async () => {
    const gone = await startTarget([accept]);
    await gone.stop();
    const port = Number(new URL(gone.url).port);
    let back;
    const { value, lines } = await invoke(startInstance({ first: 50 }), {
      variables: { GATEWAY_URL: gone.url },
      onLine: () => (back ??= startTarget([accept], { port })),
    });
    await (await back).stop();
    assert.deepEqual(value, { records: 1 });
    assert.match(lines[0], /ECONNREFUSED/);
  });

  it("after pauses that double and are random below that", (t) => {
    t.mock.method(Math, "random", () => 0.5);
    const failures = Array(6).fill(answer(503));
    return against([...failures, accept], async (target, variables) => {
      const { lines } = await invoke(startInstance({ first: 4, most: 40 }), { variables });
      const pauses = lines.map((line) => Number(/again in (\d+) ms/.exec(line)[1]));
      assert.deepEqual(pauses, [2, 4, 8, 16, 20, 20]);
    });
  });

  const now = new Date(Date.UTC(2024, 1, 28, 23, 59, 59)); // by the gateway's clock
  const asking = {
    "of seconds": { "retry-after": "1" },
    "that is a date": {
      date: now.toUTCString(),
      "retry-after": new Date(now.getTime() + 1000).toUTCString(),
    },
  };
  for (const [what, fields] of Object.entries(asking)) {
    it(`not before a Retry-After ${what}`, () =>
      against([answer(503, "", fields), accept], async (target, variables) => {
        const { value } = await invoke(startInstance(), { variables });
        assert.deepEqual(value, { records: 1 });
        const [first, second] = target.requests;
        const waited = second.time - first.time;
        assert.ok(waited >= 990 && waited < 5000, `${waited} ms`);
      }));
  }

  for (const value of ["-1", "soon", "", "Wed, 01 Jan 2020 00:00:00 GMT"]) {
    it(`soon after a Retry-After of "${value}"`, () =>
      against([answer(429, "", { "retry-after": value }), accept], async (target, variables) => {
        const { lines } = await invoke(startInstance(), { variables });
        assert.match(lines[0], /again in [01] ms/);
      }));
  }

  it("a last time when Retry-After lies beyond the end", () =>
    against([answer(503, "", { "retry-after": "3600" }), accept], async (target, variables) => {
      const context = withTime(2000);
      const { value, elapsed } = await invoke(startInstance(), { variables, context });
      assert.deepEqual(value, { records: 1 });
      assert.ok(elapsed > 1500 && elapsed < 2000, `${elapsed} ms`);
    }));
});

describe("the relay takes for a receipt", () => {
  const receipt = (value) => answer(200, JSON.stringify(value));
  const others = {
    "no page of a proxy": answer(200, "<html>maintenance</html>"),
    "no status 202": answer(202, "queued"),
    "no status 204": answer(204),
    "no empty answer": answer(200),
    "no answer about fewer records": receipt({ records: 0 }),
    "no answer about more records": receipt({ records: 2 }),
    "no number in a text": receipt({ records: "1" }),
    "no list": receipt([1]),
    "no null": receipt(null),
  };
  for (const [what, other] of Object.entries(others)) {
    it(what, () =>
      against([other, accept], async (target, variables) => {
        const { value, lines } = await invoke(startInstance(), { variables });
        assert.deepEqual(value, { records: 1 });
        assert.equal(target.requests.length, 2);
        assert.match(lines[0], /no gateway's answer, is GATEWAY_URL right\? status 20\d/);
      }));
  }

  it("nothing else for as long as it may try, and throws then", () =>
    against([others["no status 204"]], async (target, variables) => {
      const { error } = await invoke(startInstance(), { variables, context: withTime(300) });
      assert.match(error.message, /^not delivered in time, attempt \d+: no gateway's answer/);
    }));

  it("any success with the number posted", () =>
    against([answer(201, '{"records":0,"more":true}')], async (target, variables) => {
      const { value } = await invoke(startInstance(), { event: { Records: [] }, variables });
      assert.deepEqual(value, { records: 0 });
    }));
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

describe("the relay gives up in time", () => {
  const clocks = {
    "the remaining time": withTime(1000),
    "the remaining time, not the limit": { ...withTime(1000), time_limit_in_ms: 60_000 },
    "the limit": { time_limit_in_ms: 1000 },
    "the limit, the remaining time making no sense": { ...withTime(-1), time_limit_in_ms: 1000 },
    "its default": {},
  };
  for (const [which, context] of Object.entries(clocks)) {
    it(`by ${which}`, () =>
      against([answer(503, '{"error":"draining"}')], async (target, variables) => {
        const relay = startInstance({ limit: 1000, most: 100, first: 100 });
        const { error, elapsed } = await invoke(relay, { variables, context });
        assert.ok(error instanceof Error);
        const [, attempts] = /^not delivered in time, attempt (\d+): /.exec(error.message);
        assert.equal(Number(attempts), target.requests.length);
        assert.ok(target.requests.length > 2);
        assert.match(error.message, /status 503: {"error":"draining"}$/);
        assert.ok(elapsed > 500 && elapsed < 1000, `${elapsed} ms`);
      }));
  }

  it("when nothing answers", () =>
    against([silence], async (target, variables) => {
      const options = { variables, context: withTime(1000) };
      const patient = await invoke(startInstance(), options);
      assert.match(patient.error.message, /attempt 1: no answer within \d+ ms$/);
      assert.ok(patient.elapsed > 800 && patient.elapsed < 1000, `${patient.elapsed} ms`);
      const hasty = await invoke(startInstance({ attempt: 100 }), options);
      assert.match(hasty.error.message, /attempt [5-9]: no answer within \d+ ms$/);
      assert.ok(hasty.elapsed < 1000, `${hasty.elapsed} ms`);
    }));

  it("when an answer does not end", () => {
    const endless = (response) => {
      response.writeHead(200);
      const more = () => response.write("x".repeat(10_000), (error) => error || setImmediate(more));
      more();
    };
    return against([endless], async (target, variables) => {
      const { error } = await invoke(startInstance(), { variables, context: withTime(500) });
      assert.match(error.message, /^not delivered in time, attempt \d+: no gateway's answer/);
    });
  });

  it("on a connection that does not come about, sooner than on an answer", async () => {
    // Takes the connection and leaves the TLS handshake alone.
    const server = net.createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    const sockets = [];
    await once(server, "listening");
    const { error } = await invoke(startInstance({ connect: 100 }), {
      variables: { GATEWAY_URL: `https://127.0.0.1:${server.address().port}/` },
      // Five take half a second, or much longer where the first handshake has to wait for a core.
      context: withTime(3000),
    });
    for (const socket of sockets) socket.destroy();
    server.close();
    assert.match(error.message, /attempt ([5-9]|\d\d): no connection within \d+ ms$/);
    assert.ok(sockets.length >= 5);
  });
});

describe("the relay is refused", () => {
  const refusals = {
    'status 400: {"error":"not JSON","offset":3}': answer(400, '{"error":"not JSON","offset":3}'),
    'status 401: {"error":"wrong signature"}': answer(401, '{"error":"wrong signature"}'),
    "status 404: ": answer(404),
    "status 413: too large": answer(413, "too large", { connection: "close" }),
    "status 302 to https://gateway.example/: moved": answer(302, "moved", {
      location: "https://gateway.example/",
    }),
    "status 400: two lines": answer(400, "two\r\n\u001blines"),
  };
  for (const [reason, refusal] of Object.entries(refusals)) {
    it(`with ${reason}`, () =>
      against([refusal], async (target, variables) => {
        const { error, lines } = await invoke(startInstance(), { variables });
        assert.equal(error.message, `refused by the gateway, attempt 1: ${reason}`);
        assert.deepEqual(lines, [`relay: ${error.message}`]);
        assert.equal(target.requests.length, 1);
      }));
  }

  it("with at most a KiB of reason", () =>
    against([answer(400, "é".repeat(20_000))], async (target, variables) => {
      const { error } = await invoke(startInstance(), { variables });
      assert.match(error.message, /: status 400: é{512}$/);
    }));
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
    const script = `require(process.env.RELAY).main_handler(JSON.parse(process.env.EVENT),
      { time_limit_in_ms: 500 }).then((value) => console.log(JSON.stringify(value)))`;
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
