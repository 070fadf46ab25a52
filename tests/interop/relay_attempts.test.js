// The relay function under Node.js: what it does with every kind of answer, or without one.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, describe, it } from "node:test";
import {
  accept,
  against,
  answer,
  cut,
  drop,
  invoke,
  setVariables,
  silence,
  stall,
  startInstance,
  startTarget,
  withTime,
} from "./relay_support.js";

after(() => setVariables({}));

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

  it("with the last answer as its reason, when it wakes too late for another attempt", () =>
    against([answer(503, '{"error":"draining"}'), accept], async (target, variables) => {
      let frozen; // until when the instance is, from the pause before the second attempt on
      const getRemainingTimeInMillis = () => {
        frozen = performance.now() + 960;
        return 1000;
      };
      const { error } = await invoke(startInstance({ first: 100 }), {
        variables,
        context: { getRemainingTimeInMillis },
        onLine: () => {
          while (performance.now() < frozen);
        },
      });
      assert.equal(target.requests.length, 1);
      assert.match(error.message, /^not delivered in time, attempt 1: status 503: /);
    }));

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
