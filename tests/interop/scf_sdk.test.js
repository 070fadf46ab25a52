// The scripted cloud, which the provisioner is tested against, is itself held against the official
// SDK: it must accept what the SDK sends, and the SDK must understand what it answers.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { keys, region, sdkClient, startCloud } from "./scripted_cloud.js";

const bucket = `pictures-1250000000.cos.${region}.myqcloud.com`;
const named = { FunctionName: "relay", Namespace: "default" };
const described = {
  ...named,
  TriggerName: bucket,
  Type: "cos",
  TriggerDesc: '{"event":"cos:ObjectCreated:*","filter":{"Prefix":"","Suffix":""}}',
  Qualifier: "$LATEST",
};
// An archive without a file, which is all the scripted cloud looks at.
const archive = Buffer.from("PK\x03\x04PK\x05\x06" + "\0".repeat(18), "latin1").toString("base64");
const wanted = {
  ...named,
  Type: "Event",
  Runtime: "Nodejs18.15",
  Handler: "index.main_handler",
  MemorySize: 128,
  Timeout: 60,
  Description: "中文 and more, of 2024",
  Code: { ZipFile: archive },
  CodeSource: "ZipFile",
  Environment: { Variables: [{ Key: "EVENT_GATEWAY", Value: "bus:8080/日志" }] },
  PublicNetConfig: { PublicNetStatus: "ENABLE", EipConfig: { EipStatus: "DISABLE" } },
};

async function refusal(call) {
  let error;
  await assert.rejects(call, (thrown) => {
    error = thrown;
    return true;
  });
  return error;
}

describe("the official SDK and the scripted cloud", () => {
  let cloud;
  let sdk;
  before(async () => {
    cloud = await startCloud("--creating-reads", "1", "--updating-reads", "1");
    sdk = sdkClient(cloud);
  });
  after(async () => {
    sdk?.close();
    await cloud?.stop();
  });

  it("agree about a function's whole life", async () => {
    const { client } = sdk;
    const absent = await refusal(client.GetFunction(named));
    assert.equal(absent.code, "ResourceNotFound.Function");

    const made = await client.CreateFunction(wanted);
    assert.deepEqual(Object.keys(made), ["RequestId"]);
    assert.equal((await client.GetFunction(named)).Status, "Creating");
    const found = await client.GetFunction(named);
    assert.equal(found.Status, "Active");
    assert.deepEqual(found.StatusReasons, []);
    assert.equal(found.AvailableStatus, "Available");
    for (const member of ["FunctionName", "Runtime", "Handler", "MemorySize", "Timeout", "Type"]) {
      assert.equal(found[member], wanted[member], member);
    }
    assert.equal(found.Description, wanted.Description);
    assert.deepEqual(found.Environment, wanted.Environment);
    assert.deepEqual(found.PublicNetConfig, {
      PublicNetStatus: "ENABLE",
      EipConfig: { EipStatus: "DISABLE", EipAddress: [] },
    });
    assert.match(found.ModTime, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.deepEqual(found.Triggers, []);

    await client.UpdateFunctionCode({ ...named, Handler: wanted.Handler, ZipFile: archive });
    const busy = await refusal(client.UpdateFunctionConfiguration({ ...named, Timeout: 90 }));
    assert.equal(busy.code, "FailedOperation.UpdateFunctionConfiguration");
    assert.equal((await client.GetFunction(named)).Status, "Updating");
    assert.equal((await client.GetFunction(named)).Status, "Active");
    await client.UpdateFunctionConfiguration({ ...named, Timeout: 90 });
    await client.GetFunction(named);
    assert.equal((await client.GetFunction(named)).Timeout, 90);

    const rules = { RetryConfig: [{ RetryNum: 1 }], MsgTTL: 3600 };
    await client.UpdateFunctionEventInvokeConfig({ ...named, AsyncTriggerConfig: rules });
    const kept = (await client.GetFunctionEventInvokeConfig(named)).AsyncTriggerConfig;
    assert.equal(kept.RetryConfig[0].RetryNum, 1);
    assert.equal(kept.MsgTTL, 3600);

    const { TriggerInfo: trigger } = await client.CreateTrigger({ ...described, Enable: "OPEN" });
    assert.equal(trigger.TriggerName, bucket);
    assert.equal(trigger.Enable, 1);
    const list = await client.ListTriggers({ ...named, Offset: 0, Limit: 100, Order: "ASC" });
    assert.equal(list.TotalCount, 1);
    assert.deepEqual(JSON.parse(list.Triggers[0].TriggerDesc), {
      bucketUrl: bucket,
      ...JSON.parse(described.TriggerDesc),
    });
    await client.UpdateTriggerStatus({ ...described, Enable: "CLOSE" });
    assert.equal((await client.ListTriggers(named)).Triggers[0].Enable, 0);
    await client.DeleteTrigger({ ...described, TriggerDesc: list.Triggers[0].TriggerDesc });
    assert.equal((await client.ListTriggers(named)).TotalCount, 0);

    const listed = await client.ListFunctions({ Namespace: "default", Offset: 0, Limit: 100 });
    assert.equal(listed.TotalCount, 1);
    assert.equal(listed.Functions[0].FunctionName, wanted.FunctionName);
    assert.equal(listed.Functions[0].Description, wanted.Description);
    assert.equal(listed.Functions[0].Status, "Active");
    assert.equal(listed.Functions[0].Environment, undefined);
    const other = await client.ListFunctions({ Namespace: "default", Description: "nobody's" });
    assert.equal(other.TotalCount, 0);

    const account = await client.GetAccount({});
    assert.equal(account.AccountLimit.Namespace[0].RetryNumLimit, 2);
    assert.equal(account.AccountUsage.Namespace[0].FunctionsCount, 1);

    await client.DeleteFunction(named);
    assert.equal((await refusal(client.GetFunction(named))).code, "ResourceNotFound.Function");

    const state = await cloud.state();
    assert.deepEqual(state.refusedSignatures, []);
    assert.ok(state.journal.every((call) => call.answered && call.secretId === keys.secretId));
  });

  it("agree about errors", async () => {
    const { client } = sdk;
    const unknown = await refusal(client.GetFunction({ ...named, Colour: "red" }));
    assert.equal(unknown.code, "UnknownParameter");
    assert.match(unknown.requestId, /^[0-9a-f-]{36}$/);
    const bad = { ...wanted, Code: { ZipFile: "UEsDBFB" } };
    const padding = await refusal(client.CreateFunction(bad));
    assert.equal(padding.code, "InvalidParameterValue.ZipFileBase64BinasciiError");
    await cloud.play({ action: "GetAccount", error: "RequestLimitExceeded", message: "slowly" });
    const limited = await refusal(client.GetAccount({}));
    assert.equal(limited.code, "RequestLimitExceeded");
    assert.equal(limited.message, "slowly");
    assert.deepEqual((await cloud.state()).refusedSignatures, []);
  });

  it("agree about what is no answer", async () => {
    const { client } = sdk;
    await cloud.play(
      { action: "GetAccount", http: 502 },
      { action: "GetAccount", truncated: true },
      { action: "GetAccount", cut: "answer" },
    );
    assert.equal((await refusal(client.GetAccount({}))).httpCode, 502);
    assert.match((await refusal(client.GetAccount({}))).message, /JSON/);
    assert.match((await refusal(client.GetAccount({}))).message, /socket hang up|ECONNRESET/);
    assert.equal((await client.GetAccount({})).AccountLimit.NamespacesCount, 5);
  });
});

describe("credentials of the official SDK", () => {
  let cloud;
  before(async () => (cloud = await startCloud()));
  after(() => cloud?.stop());

  async function answered(credential) {
    const sdk = sdkClient(cloud, credential);
    try {
      await sdk.client.GetAccount({});
      return "OK";
    } catch (error) {
      return error.code;
    } finally {
      sdk.close();
    }
  }

  it("are judged by key, token and clock", async () => {
    const temporary = { secretId: "AKIDtemporary", secretKey: "k", token: "t".repeat(300) };
    await cloud.play({ key: temporary });
    assert.equal(await answered(keys), "OK");
    assert.equal(await answered(temporary), "OK");
    assert.deepEqual((await cloud.state()).refusedSignatures, []);

    const wrong = { ...keys, secretKey: "wrong" };
    assert.equal(await answered(wrong), "AuthFailure.SignatureFailure");
    const unknown = { ...keys, secretId: "AKIDother" };
    assert.equal(await answered(unknown), "AuthFailure.SecretIdNotFound");
    assert.equal(await answered({ ...temporary, token: "other" }), "AuthFailure.TokenFailure");
    await cloud.play({ expireToken: temporary.token });
    assert.equal(await answered(temporary), "AuthFailure.TokenFailure");
    await cloud.play({ clockOffsetSeconds: 400 });
    assert.equal(await answered(keys), "AuthFailure.SignatureExpire");
    assert.equal((await cloud.state()).refusedSignatures.length, 5);
  });
});

describe("the scripted cloud as a program", () => {
  it("ends with whoever started it", async () => {
    const cloud = await startCloud();
    assert.equal(await cloud.abandon(), 0);
  });
});
