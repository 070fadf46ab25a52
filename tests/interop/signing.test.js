// The same inputs, signed by cos-gateway and by the official SDK.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import signing from "tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js";

const program = process.env.SIGN_REQUEST_PROGRAM;
const count = 2000;

// A small generator with a fixed seed (xorshift32): every run signs the same requests.
let seed = 0x2018_0416;
function below(limit) {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % limit;
}
const pick = (list) => list[below(list.length)];
const alphabet = [..."abcXYZ019-_+/=; :%&\"\\\n\t日志文件é𝄞\u0000\u007f"];
const text = (most) => Array.from({ length: below(most + 1) }, () => pick(alphabet)).join("");
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"];
const word = (length) => Array.from({ length }, () => pick(letters)).join("");

const day = 86_400;
function timestamp() {
  const midnight = (10_957 + below(20_000)) * day; // some day from 2000 on
  return pick([midnight - 1, midnight, midnight + 1, midnight + below(day)]);
}

function request() {
  const service = pick(["scf", "sts", "cvm"]);
  const parameters = { FunctionName: word(8), Description: text(200), Timeout: below(900) };
  if (below(2)) parameters.Environment = { Variables: [{ Key: word(3), Value: text(40) }] };
  if (below(20) === 0) parameters.Code = { ZipFile: word(20_000) };
  return {
    host: `${service}.${pick(["", "internal.", "ap-guangzhou."])}tencentcloudapi.com`,
    service,
    action: pick(["CreateFunction", "GetFunction", "AssumeRole"]),
    contentType: pick(["application/json", "application/json; charset=utf-8"]),
    body: JSON.stringify(parameters),
    timestamp: timestamp(),
    secretId: `AKID${word(32)}`,
    secretKey: word(32),
    // The SDK never signs the action.
    signedHeaders: "content-type;host",
  };
}

it(`makes the official SDK's Authorization of ${count} requests`, () => {
  const requests = Array.from({ length: count }, request);
  const lines = requests.map((each) => JSON.stringify(each));
  const run = spawnSync(program, { input: lines.join("\n"), maxBuffer: 1 << 26 });
  assert.equal(run.status, 0, run.stderr?.toString() ?? String(run.error));
  const ours = run.stdout.toString().trimEnd().split("\n");
  assert.equal(ours.length, count);
  for (const [index, each] of requests.entries()) {
    const theirs = signing.default.sign3({
      method: "POST",
      url: `https://${each.host}/`,
      payload: Buffer.from(each.body), // as bytes: its own serialiser escapes more than JSON's
      timestamp: each.timestamp,
      service: each.service,
      secretId: each.secretId,
      secretKey: each.secretKey,
      headers: { "Content-Type": each.contentType },
    });
    assert.equal(ours[index], theirs, lines[index]);
  }
});
