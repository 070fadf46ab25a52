#include "load/options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/load.hpp"
#include "load/gateway_under_test.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::load {
namespace {

class BenchOptions : public testing::Test {
 protected:
  BenchOptions() { std::ofstream(folder_.file("cos-gateway")) << "#!"; }

  // Returns the exit code; nothing if the options are to be acted on.
  std::optional<int> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "cos-bench");
    // What the parser says of a mistake is not looked at.
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto code = parse_options(static_cast<int>(arguments.size()), arguments.data(),
                                    folder_.path().string(), options_);
    testing::internal::GetCapturedStdout();
    testing::internal::GetCapturedStderr();
    return code;
  }

  test::TemporaryFolder folder_;
  Options options_;
};

TEST_F(BenchOptions, WithoutAnyMeasuresTheGatewayBesideIt) {
  ASSERT_EQ(parse({"run"}), std::nullopt);
  ASSERT_EQ(options_.gateways.size(), 1U);
  EXPECT_EQ(options_.gateways[0].name, "cos-gateway");
  EXPECT_EQ(options_.gateways[0].program, folder_.file("cos-gateway"));
  EXPECT_FALSE(options_.suite);
  EXPECT_EQ(options_.repetitions, 1U);
}

TEST_F(BenchOptions, OthersAreMeasuredBesideItOrAlone) {
  ASSERT_EQ(parse({"run", "--gateway-command", "limit=./limit --port {port}"}), std::nullopt);
  ASSERT_EQ(options_.gateways.size(), 2U);
  EXPECT_EQ(options_.gateways[1].name, "limit");
  EXPECT_EQ(options_.gateways[1].command, "./limit --port {port}");
  options_ = Options();
  ASSERT_EQ(parse({"run", "--only-commands", "--gateway-command", "x={port}"}), std::nullopt);
  ASSERT_EQ(options_.gateways.size(), 1U);
  EXPECT_EQ(options_.gateways[0].name, "x");
}

TEST_F(BenchOptions, AServerThatRunsIsNamedByItsAddress) {
  ASSERT_EQ(parse({"run", "--target", "10.0.0.1:8080", "--pid", "42"}), std::nullopt);
  ASSERT_EQ(options_.gateways.size(), 1U);
  EXPECT_EQ(options_.gateways[0].host, "10.0.0.1");
  EXPECT_EQ(options_.gateways[0].port, 8080);
  EXPECT_EQ(options_.gateways[0].pid, 42);
}

TEST_F(BenchOptions, LoadAndEventbusAreAsTold) {
  ASSERT_EQ(parse({"run", "--records", "zipf:1-100", "--rate", "500", "--poisson", "--latency",
                   "1-10", "--fail-status", "500,503", "--signed", "--seed", "9"}),
            std::nullopt);
  const Scenario& scenario = options_.scenario;
  EXPECT_EQ(scenario.payloads.records.text(), "zipf:1-100");
  EXPECT_EQ(scenario.load.rate, 500);
  EXPECT_EQ(scenario.load.arrivals, test::ArrivalSchedule::Kind::poisson);
  EXPECT_EQ(scenario.sink.latency.least, std::chrono::milliseconds(1));
  EXPECT_EQ(scenario.sink.latency.most, std::chrono::milliseconds(10));
  EXPECT_EQ(scenario.sink.fail_statuses, (std::vector<unsigned>{500, 503}));
  EXPECT_EQ(scenario.sink.seed, 9U);
  EXPECT_EQ(scenario.form.signing, Signing::hmac);
}

TEST_F(BenchOptions, TheSuiteIsRepeatedUnlessToldOtherwise) {
  ASSERT_EQ(parse({"suite", "--quick", "--no-pin"}), std::nullopt);
  EXPECT_TRUE(options_.suite);
  EXPECT_TRUE(options_.suite_settings.quick);
  EXPECT_FALSE(options_.suite_settings.pin);
  EXPECT_EQ(options_.repetitions, 3U);
  options_ = Options();
  ASSERT_EQ(parse({"suite", "--repetitions", "2"}), std::nullopt);
  EXPECT_TRUE(options_.suite_settings.pin);
  EXPECT_EQ(options_.repetitions, 2U);
}

TEST_F(BenchOptions, MistakesAreRefused) {
  const std::vector<std::vector<const char*>> mistakes{{},
                                                       {"walk"},
                                                       {"run", "--records", "x"},
                                                       {"run", "--connections", "0"},
                                                       {"run", "--latency", "10-1"},
                                                       {"run", "--events", "upload"},
                                                       {"run", "--target", "localhost"},
                                                       {"run", "--pid", "1"},
                                                       {"run", "--gateway", "/nowhere/cos-gateway"},
                                                       {"run", "--only-commands"},
                                                       {"run", "--signed", "--duration", "1000"}};
  for (const auto& mistake : mistakes) {
    options_ = Options();
    EXPECT_EQ(parse(mistake), 64) << (mistake.empty() ? "nothing" : mistake.back());
  }
  EXPECT_EQ(parse({"--help"}), 0);
}

TEST_F(BenchOptions, OfTargetsAreThoseOfTheirLoads) {
  ASSERT_EQ(parse({"targets"}), std::nullopt);
  EXPECT_TRUE(options_.targets && !options_.targets_scenario.form.bucket.empty());
  EXPECT_EQ(options_.repetitions, 5U);
  ASSERT_EQ(parse({"targets", "--rate", "100", "--stores", "--without-hints", "--pin",
                   "--repetitions", "2"}),
            std::nullopt);
  const Scenario& scenario = options_.targets_scenario;
  EXPECT_EQ(scenario.load.rate, 100);
  EXPECT_TRUE(scenario.gateway.form.stores && scenario.pin);
  EXPECT_EQ(scenario.form.bucket, "");
  EXPECT_EQ(options_.repetitions, 2U);
}

TEST(GatewayConfig, SaysOnlyWhatDiffersFromTheDefaults) {
  GatewaySettings settings;
  settings.threads = 2;
  EXPECT_EQ(gateway_config(settings, 1, 2, 3, "/folder"),
            "target: http://127.0.0.1:3\neventbus: bench\nfunction: { provision: false }\n"
            "gateway:\n  listen: 127.0.0.1:1\n  admin: 127.0.0.1:2\n  threads: 2\n"
            "  max_connections: 10000\n  auth: none\n");
  settings.eventbus_connections = 4;
  settings.pipeline = "16";
  settings.token = "secret";
  settings.form.tls = true;
  const std::string text = gateway_config(settings, 1, 2, 3, "/folder");
  EXPECT_NE(text.find("delivery:\n  connections: 4\n  pipeline: 16\n"), std::string::npos);
  EXPECT_NE(text.find("  auth: hmac\n  token: secret\n"), std::string::npos);
  EXPECT_NE(text.find("  tls: { cert: /folder/cert.pem, key: /folder/key.pem }\n"),
            std::string::npos);
}

TEST(GatewayConfig, HasWhatEachFeatureOfAFormNeeds) {
  GatewaySettings settings;
  settings.form = *GatewayForm::parse("stable-ids,attributes,redaction,stores,eventbus-TLS,batch");
  const std::string text = gateway_config(settings, 1, 2, 3, "/folder");
  for (const char* line :
       {"target: https://127.0.0.1:3\n", "delivery:\n  mode: batch\n  tls: { verify: false }\n",
        "event:\n  id: stable\n  attributes: [subject, cosbucket, coseventname]\n",
        "  redact: [Authorization]\n", "spool: { path: /folder/spool }\n",
        "dead_letter: { path: /folder/dead }\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(GatewayConfig, OfAHundredEntriesIsGoodAndNamesTheBucketOfTheLoad) {
  GatewaySettings settings;
  settings.form = *GatewayForm::parse("hundred-entries");
  config::SourceTexts texts;
  texts.config = {"config.yml", gateway_config(settings, 1, 2, 3, "/folder")};
  const config::Loaded loaded = config::load(texts);
  EXPECT_TRUE(loaded.ok());
  ASSERT_EQ(loaded.settings.buckets.size(), 100U);
  EXPECT_TRUE(std::ranges::any_of(loaded.settings.buckets, [](const auto& entry) {
    return entry.bucket.endpoint == "testpic-1253970026.cos.ap-chengdu.myqcloud.com";
  }));
}

TEST(GatewayForm, IsReadByNameAndRefusesWhatExcludesItself) {
  const auto form = GatewayForm::parse("TLS,signed");
  ASSERT_TRUE(form);
  EXPECT_TRUE(form->tls && form->signed_posts);
  EXPECT_FALSE(form->stores || form->stable_ids);
  EXPECT_TRUE(GatewayForm::parse(""));
  EXPECT_FALSE(GatewayForm::parse("TLS,faster"));
  EXPECT_FALSE(GatewayForm::parse("structured,batch"));
}

TEST(GatewayCommand, PlaceholdersAreFilledInWhereverTheyStand) {
  EXPECT_EQ(fill_in("x --port {port} --to http://127.0.0.1:{sink}/ --again {port} {folder}/key", 1,
                    2, "/tmp/f"),
            "x --port 1 --to http://127.0.0.1:2/ --again 1 /tmp/f/key");
}

}  // namespace
}  // namespace gateway::load
