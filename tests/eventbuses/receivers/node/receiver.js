// An eventbus on Node's own HTTP server and the CloudEvents SDK for JavaScript: receiver.js PORT FILE
// appends "key of the object, tab, subject" to FILE for each event, then acknowledges it.
import fs from "node:fs";
import http from "node:http";
import { HTTP } from "cloudevents";

const [port, file] = process.argv.slice(2);
const out = fs.openSync(file, "a");

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    try {
      const read = HTTP.toEvent({
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      });
      const lines = [read].flat().map((event) => {
        const data = typeof event.data === "string" ? JSON.parse(event.data) : event.data;
        return `${data.cos.cosObject.key}\t${event.subject ?? ""}\n`;
      });
      fs.writeSync(out, lines.join(""));
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
});
server.listen(Number(port), "127.0.0.1");
