// fastify in, the CloudEvents SDK out: a service as one would first write it.
import { CloudEvent, emitterFor } from "cloudevents";
import fastify from "fastify";
import { Pool } from "undici";
import { listen_port, records_of, sink_origin, sink_path } from "./post.js";

const pool = new Pool(sink_origin(), { connections: 64, headersTimeout: 10_000 });

// The SDK's own httpTransport does not tell the status, so a refused event would look delivered.
const emit = emitterFor(async ({ headers, body }) => {
  const answer = await pool.request({ path: sink_path, method: "POST", headers, body });
  await answer.body.dump();
  if (answer.statusCode < 200 || answer.statusCode > 299) {
    throw new Error(`the sink answered ${answer.statusCode}`);
  }
});

const server = fastify({ bodyLimit: 8 * 1024 * 1024 });

server.post("/*", async (request, reply) => {
  const records = records_of(request.body);
  if (!records) return reply.code(400).send({ error: "no Records" });
  const sent = await Promise.allSettled(
    records.map((data) =>
      emit(
        new CloudEvent({
          type: "tencent-cloud-cos-event",
          source: "cos-gateway",
          datacontenttype: "application/json",
          data,
        }),
      ),
    ),
  );
  if (sent.some((one) => one.status === "rejected")) {
    return reply.code(502).send({ error: "not every record was accepted" });
  }
  return { records: records.length };
});

process.on("SIGTERM", () => process.exit(0));
await server.listen({ host: "127.0.0.1", port: listen_port() });
