// Runs the scripted cloud and points the official SDK at it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import readline from "node:readline";
import sdk from "tencentcloud-sdk-nodejs-scf";

export const program = process.env.SCRIPTED_CLOUD_PROGRAM;
export const keys = { secretId: "AKIDinterop", secretKey: "interop-secret-key" };
export const region = "ap-guangzhou";

export async function startCloud(...options) {
  const child = spawn(
    program,
    ["--port", "0", "--secret-id", keys.secretId, "--secret-key", keys.secretKey, ...options],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(child, "exit");
  const lines = readline.createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    ended.then(([code]) => {
      throw new Error(`the scripted cloud ended with ${code}`);
    }),
  ]);
  const port = Number(/^listening on 127\.0\.0\.1:(\d+)$/.exec(line)[1]);
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    url,
    state: async () => (await fetch(`${url}/state`)).json(),
    play: async (...steps) => {
      const answer = await fetch(`${url}/faults`, { method: "POST", body: JSON.stringify(steps) });
      if (answer.status !== 200) throw new Error(await answer.text());
    },
    stop: async () => {
      child.kill("SIGTERM");
      const [code] = await ended;
      if (code !== 0) throw new Error(`the scripted cloud ended with ${code}`);
    },
    // Ends standard input, as the end of its parent would.
    abandon: async () => {
      child.stdin.end();
      return (await ended)[0];
    },
  };
}

// The SDK's own client, unchanged, for the real host; only the connection leads elsewhere. The SDK
// signs the host without a port, so its requests must not name one.
export function sdkClient(cloud, credential = keys, language = "en-US") {
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = (_, connected) =>
    net.createConnection({ host: "127.0.0.1", port: cloud.port }, connected);
  const client = new sdk.scf.v20180416.Client({
    credential,
    region,
    profile: {
      language,
      httpProfile: { protocol: "http://", endpoint: "scf.tencentcloudapi.com", agent },
    },
  });
  return { client, close: () => agent.destroy() };
}
