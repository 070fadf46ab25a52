// node:http in, undici's pipelining dispatcher out, headers written by hand: what Node.js can do.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Pool } from "undici";
import { listen_port, records_of, sink_origin, sink_path } from "./post.js";

const pool = new Pool(sink_origin(), { connections: 16, pipelining: 16, headersTimeout: 10_000 });

// Tells `done` once whether the sink accepted the event.
class Delivery {
  constructor(done) {
    this.done = done;
    this.accepted = false;
  }
  onConnect() {}
  onHeaders(status) {
    this.accepted = status >= 200 && status <= 299;
    return true;
  }
  onData() {
    return true;
  }
  onComplete() {
    this.done(this.accepted);
  }
  onError() {
    this.done(false);
  }
}

function reply(response, status, text) {
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}

function deliver(records, response) {
  let left = records.length;
  let all_accepted = true;
  const finish = () => {
    if (all_accepted) reply(response, 200, `{"records":${records.length}}`);
    else reply(response, 502, '{"error":"not every record was accepted"}');
  };
  if (left === 0) return finish();
  const done = (accepted) => {
    if (!accepted) all_accepted = false;
    if (--left === 0) finish();
  };
  const time = new Date().toISOString();
  for (const record of records) {
    pool.dispatch(
      {
        path: sink_path,
        method: "POST",
        // Without both, undici does not pipeline a POST.
        idempotent: true,
        blocking: false,
        headers: [
          "content-type", "application/json",
          "ce-specversion", "1.0",
          "ce-id", randomUUID(),
          "ce-source", "cos-gateway",
          "ce-type", "tencent-cloud-cos-event",
          "ce-time", time,
        ],
        body: JSON.stringify(record),
      },
      new Delivery(done),
    );
  }
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    let records = null;
    try {
      records = records_of(JSON.parse(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    } catch {
      // Not JSON: refused below.
    }
    if (records) deliver(records, response);
    else reply(response, 400, '{"error":"no Records"}');
  });
});

server.keepAliveTimeout = 75_000;
process.on("SIGTERM", () => process.exit(0));
server.listen(listen_port(), "127.0.0.1", 4096);
