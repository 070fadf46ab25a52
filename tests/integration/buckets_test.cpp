#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "cloud/relay_environment.hpp"
#include "events/rfc3339.hpp"
#include "gateway/config/load.hpp"
#include "integration/targets.hpp"
#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

// A gateway with a list of buckets: which records it sends, how, and what it says of the others.
namespace gateway::test {
namespace {

namespace json = boost::json;

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kSecret = "q-ak=EXAMPLE";

// Settings with this list, in YAML, for a gateway on loopback.
config::Settings settings_with(const ScriptedEventbus& bus, const std::string& list) {
  config::SourceTexts texts;
  texts.config = config::SourceText{
      "config.yml",
      fmt::format("target: \"http://127.0.0.1:{}\"\neventbus: test\nsecret_key: key\n"
                  "function: {{provision: false, region: ap-guangzhou, name: relay}}\n"
                  "gateway: {{auth: none}}\n{}",
                  bus.port(), list)};
  const auto loaded = config::load(texts);
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
  config::Settings settings = loopback_settings(bus.port());
  settings.function = loaded.settings.function;
  settings.credentials = loaded.settings.credentials;
  settings.buckets = loaded.settings.buckets;
  settings.unknown_bucket = loaded.settings.unknown_bucket;
  return settings;
}

std::string endpoint(std::string_view bucket) {
  return fmt::format("endpoint: {}-{}.cos.ap-guangzhou.myqcloud.com", bucket, kAppid);
}

std::vector<std::string> bodies(const ScriptedEventbus& bus) {
  std::vector<std::string> bodies;
  for (const Request& request : bus.requests()) bodies.push_back(request.body);
  return bodies;
}

TEST(BucketLists, SendWhatTheirPatternsLetThrough) {
  ScriptedEventbus bus;
  RunningGateway gateway(
      settings_with(bus, "buckets:\n- {" + endpoint("logs") +
                             ", include: ['**/*.gz', '日*'], exclude: ['tmp/**']}\n- {" +
                             endpoint("photos") + "}\n"));
  const std::vector<std::string> sent = {record("logs", "a/b.gz"), record("photos", "x"),
                                         record("logs", "日本")};
  const Response answer = gateway.post(cos_payload(
      {record("logs", "a/b.txt"), sent[0], record("logs", "tmp/a.gz"), sent[1], sent[2]}));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "{\"records\":5}");
  EXPECT_THAT(bodies(bus), ElementsAre(sent[0], sent[1], sent[2]));
  EXPECT_EQ(gateway.post(cos_payload({record("logs", "no")})).status, 200U);
  gateway.finish();
  const auto snapshot = gateway.snapshot();
  EXPECT_EQ(snapshot.received, 6U);
  EXPECT_EQ(snapshot.filtered, 3U);
  EXPECT_EQ(snapshot.delivered, 3U);
}

TEST(BucketLists, LeaveOutWithoutAnEventbus) {
  ScriptedEventbus bus(ScriptedEventbus::Start::down);
  auto settings = settings_with(bus, "buckets:\n- {" + endpoint("logs") + ", include: [x]}\n");
  settings.delivery.queue.events = 1;
  RunningGateway gateway(settings);
  // More than the queue holds, and nothing of it goes there.
  EXPECT_EQ(gateway.post(cos_payload({record("logs", "a"), record("logs", "b")})).status, 200U);
}

TEST(BucketLists, MakeEventsAsTheirEntriesSay) {
  ScriptedEventbus bus;
  RunningGateway gateway(settings_with(
      bus, "buckets:\n- {" + endpoint("a") +
               ", function: {name: other}, event: {attributes: [subject], data: records, id: "
               "stable, redact: [Authorization]}}\n- {" +
               endpoint("b") + "}\n"));
  const std::string body = cos_payload({record("a", "k"), record("b", "k"), record("c", "k")});
  EXPECT_EQ(gateway.post(body).status, 200U);
  EXPECT_EQ(gateway.post(body).status, 200U);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 6U);
  EXPECT_EQ(seen[0].headers["ce-source"], "other");
  EXPECT_EQ(seen[0].headers["ce-subject"], "k");
  EXPECT_THAT(seen[0].body, testing::StartsWith("{\"Records\":["));
  EXPECT_THAT(seen[0].body, Not(HasSubstr(std::string(kSecret))));
  EXPECT_EQ(seen[0].id(), seen[3].id());
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(seen[i].headers["ce-source"], "relay");
    EXPECT_EQ(seen[i].headers["ce-subject"], "");
    EXPECT_THAT(seen[i].body, HasSubstr(std::string(kSecret)));
    EXPECT_NE(seen[i].id(), seen[i + 3].id());
  }
}

TEST(BucketLists, TakeRecordsOfOthersUnlessToldNotTo) {
  ScriptedEventbus bus;
  const std::string list = "buckets:\n- {" + endpoint("a") + "}\n";
  const std::string body = cos_payload({record("a", "k"), record("b", "k")});
  {
    RunningGateway gateway(settings_with(bus, list));
    EXPECT_EQ(gateway.post(body).status, 200U);
    EXPECT_EQ(gateway.snapshot().unknown_bucket, 1U);
  }
  EXPECT_EQ(bus.requests().size(), 2U);
  RunningGateway gateway(settings_with(bus, list + "unknown_bucket: refuse\n"));
  const Response refused = gateway.post(body);
  EXPECT_EQ(refused.status, 422U);
  EXPECT_THAT(refused.body, HasSubstr("\"index\":1"));
  EXPECT_EQ(bus.requests().size(), 2U);
  EXPECT_EQ(gateway.snapshot().received, 0U);
  EXPECT_EQ(gateway.post(cos_payload({record("a", "k")})).status, 200U);
}

TEST(BucketLists, HoldAFunctionToItsOwn) {
  ScriptedEventbus bus;
  auto settings = settings_with(bus, "buckets:\n- {" + endpoint("a") + "}\n- {" + endpoint("b") +
                                         ", function: {name: other}}\nunknown_bucket: refuse\n");
  settings.ingress.auth = config::Auth::hmac;
  settings.ingress.previous_token = Secret(std::string("the-token-of-another-sender"));
  RunningGateway gateway(settings);
  const auto post = [&](std::string_view token, std::string_view bucket) {
    return gateway
        .post(cos_payload({record(bucket, "k")}),
              {{"Authorization", fmt::format("Bearer {}", token)}})
        .status;
  };
  const auto token = [](std::string_view function) {
    return cloud::derive_gateway_token("key", "ap-guangzhou", "default", function);
  };
  EXPECT_EQ(post(token("relay"), "a"), 200U);
  EXPECT_EQ(post(token("other"), "b"), 200U);
  EXPECT_EQ(post(token("other"), "a"), 422U);
  EXPECT_EQ(post(token("relay"), "b"), 422U);
  EXPECT_EQ(post("the-token-of-another-sender", "a"), 200U);
  EXPECT_EQ(post(token("nobody"), "a"), 401U);
}

TEST(BucketLists, AreSeenInStatusMetricsAndHealth) {
  ScriptedEventbus bus;
  bus.script([](const Request& request) {
    return request.body.find("/bad\"") != std::string::npos ? reply(400) : reply(200);
  });
  RunningGateway gateway(settings_with(bus, "buckets:\n- {" + endpoint("a") +
                                                ", exclude: ['no']}\n- {" + endpoint("b") +
                                                ", function: {name: other}}\n"));
  EXPECT_EQ(gateway.post(cos_payload({record("a", "yes"), record("a", "no")})).status, 200U);
  EXPECT_EQ(gateway.post(cos_payload({record("a", "bad"), record("c", "yes")})).status, 502U);

  const json::value status = json::parse(gateway.connect_admin().get("/status").body);
  const json::array& buckets = status.at("buckets").as_array();
  ASSERT_EQ(buckets.size(), 2U);
  EXPECT_EQ(buckets[0].at("bucket"), "a-1250000000");
  EXPECT_EQ(buckets[0].at("function"), "relay");
  EXPECT_EQ(buckets[0].at("eventbus"), "test");
  EXPECT_EQ(buckets[0].at("state"), "disabled");
  EXPECT_EQ(buckets[0].at("events").at("delivered"), 1);
  EXPECT_EQ(buckets[0].at("events").at("filtered"), 1);
  EXPECT_EQ(buckets[0].at("events").at("failed"), 1);
  EXPECT_EQ(buckets[0].at("last_event").as_string().size(), events::kRfc3339Size);
  EXPECT_EQ(buckets[1].at("function"), "other");
  EXPECT_TRUE(buckets[1].at("last_event").is_null());

  const auto metrics = parse_exposition(gateway.connect_admin().get("/metrics").body).samples;
  const auto sample = [&](std::string_view bucket, std::string_view outcome) {
    return metrics.at(
        fmt::format("cos_gateway_bucket_events_total{{bucket=\"{}-1250000000\",outcome=\"{}\"}}",
                    bucket, outcome));
  };
  EXPECT_EQ(sample("a", "filtered"), 1);
  EXPECT_EQ(sample("a", "delivered"), 1);
  EXPECT_EQ(sample("b", "delivered"), 0);
  EXPECT_EQ(metrics.at("cos_gateway_events_filtered_total"), 1);
  EXPECT_EQ(metrics.at("cos_gateway_unknown_bucket_records_total"), 1);
  for (const auto& [name, value] : metrics) EXPECT_THAT(name, Not(HasSubstr("c-1250000000")));

  const ProgramRun health =
      run_program({"health", "--buckets", "--admin",
                   fmt::format("127.0.0.1:{}", gateway.gateway().admin_port())});
  EXPECT_EQ(health.exit_code, 0) << health.err;
  EXPECT_THAT(health.out, HasSubstr("a-1250000000  disabled"));
  EXPECT_THAT(health.out, HasSubstr("filtered 1"));
}

// Settings on the command line, with a list of two entries of one bucket and one of another.
std::vector<std::string> on_command_line(std::vector<std::string> words) {
  const std::string list = "buckets=[{" + endpoint("logs") +
                           ", prefix: app/, include: ['**.gz'], exclude: ['**/tmp/**'], "
                           "eventbus: logs}, {" +
                           endpoint("logs") + ", prefix: web/}, {" + endpoint("photos") + "}]";
  for (const std::string& setting :
       {std::string("target=http://127.0.0.1:9"), std::string("eventbus=x"),
        std::string("function.provision=false"), std::string("gateway.auth=none"), list}) {
    words.insert(words.end(), {"--set", setting});
  }
  words.insert(words.end(), {"--config", "/dev/null", "--secret", "/dev/null"});
  return words;
}

TEST(BucketLists, SayWhichEntryTakesAKey) {
  const ProgramRun all = run_program(on_command_line({"check", "--key", "app/a.gz"}));
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("buckets[0] (logs-1250000000) takes it by include[0] `**.gz`"));
  EXPECT_THAT(all.out, HasSubstr("its events go to http://127.0.0.1:9/gateway/logs"));
  EXPECT_THAT(all.out, HasSubstr("buckets[1] (logs-1250000000) does not: the key does not begin"));
  EXPECT_THAT(all.out, HasSubstr("buckets[2] (photos-1250000000) takes it"));
  const ProgramRun one =
      run_program(on_command_line({"check", "--key", "logs-1250000000/app/tmp/a.gz"}));
  EXPECT_THAT(one.out, HasSubstr("the key matches exclude[0] `**/tmp/**`"));
  EXPECT_THAT(one.out, Not(HasSubstr("photos")));
  EXPECT_THAT(all.out, Not(HasSubstr("no entry of buckets names")));
  const ProgramRun other =
      run_program(on_command_line({"check", "--key", "other-1250000000/app/a.gz"}));
  EXPECT_THAT(other.out, testing::StartsWith("no entry of buckets names other-1250000000; "));
}

TEST(BucketLists, ExplainEachRecord) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "post.json";
  std::ofstream(path) << cos_payload({record("logs", "app/a.gz"), record("logs", "app/a.txt"),
                                      record("photos", "x"), record("else", "x")});
  const ProgramRun run = run_program(on_command_line({"explain", path.string()}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("# record 0: buckets[0] (logs-1250000000) takes it"));
  EXPECT_THAT(run.out, HasSubstr("# record 1: buckets[0] (logs-1250000000) does not: the key "
                                 "matches nothing of include"));
  EXPECT_THAT(run.out, HasSubstr("# record 1: filtered"));
  EXPECT_THAT(run.out, HasSubstr("# record 3: no entry of buckets names its bucket"));
  EXPECT_THAT(run.out, HasSubstr("POST /gateway/logs HTTP/1.1"));
  std::size_t requests = 0;
  for (std::size_t at = 0; (at = run.out.find("POST ", at)) != std::string::npos; ++at) ++requests;
  EXPECT_EQ(requests, 3U);
  auto refusing = on_command_line({"explain", path.string()});
  refusing.insert(refusing.end(), {"--set", "unknown_bucket=refuse"});
  EXPECT_THAT(run_program(refusing).err, HasSubstr("record 3; the gateway would answer 422"));
}

}  // namespace
}  // namespace gateway::test
