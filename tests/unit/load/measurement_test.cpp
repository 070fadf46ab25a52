#include "load/measurement.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <tuple>

#include "unit/load/built_gateway.hpp"

namespace gateway::load {
namespace {

Scenario brief() {
  Scenario scenario;
  scenario.name = "brief";
  scenario.connections = 8;
  scenario.payloads.records = Distribution(3);
  scenario.sink.check_ids = true;
  scenario.warmup_s = 0.1;
  scenario.duration_s = 0.3;
  return scenario;
}

const OnProgress kSilent = [](double) {};

TEST(Measurement, OfTheBuiltGatewayIsCompleteAndNothingIsMissing) {
  const RunResult result = measure(brief(), built_gateway(), kSilent);
  EXPECT_GT(result.posts, 0U);
  EXPECT_EQ(result.records, 3 * result.posts);
  EXPECT_TRUE(result.errors.empty());
  EXPECT_EQ(result.missing, 0U);
  EXPECT_EQ(result.arrived, result.acknowledged);
  EXPECT_GE(result.acknowledged, result.records);  // those of the warm-up as well
  EXPECT_GT(result.latencies.count(), 0U);
  ASSERT_TRUE(result.usage);
  EXPECT_GT(result.usage->user_us + result.usage->system_us, 0);
  EXPECT_LT(result.usage->user_us + result.usage->system_us, 2 * result.usage->window_us);
  EXPECT_GT(result.usage->idle_bytes, 1'000'000U);
  EXPECT_GE(result.usage->peak_bytes, result.usage->idle_bytes);
}

TEST(Measurement, BecomesJsonOfTheSchema) {
  Scenario scenario = brief();
  scenario.rate = 200;
  const RunResult result = measure(scenario, built_gateway(), kSilent);
  const auto text = boost::json::serialize(document({result}, "abc"));
  const boost::json::value read = boost::json::parse(text);
  EXPECT_EQ(read.at("schema"), 1);
  EXPECT_EQ(read.at("program").at("git"), "abc");
  EXPECT_TRUE(read.at("machine").at("cores").is_int64());
  const auto& run = read.at("runs").at(0);
  EXPECT_EQ(run.at("name"), "brief");
  EXPECT_EQ(run.at("gateway").at("kind"), "cos-gateway");
  EXPECT_EQ(run.at("load").at("loop"), "open");
  EXPECT_EQ(run.at("load").at("rate").to_number<double>(), 200);
  const auto& figures = run.at("result");
  EXPECT_GT(figures.at("posts_per_s").to_number<double>(), 0);
  std::uint64_t counted = 0;
  for (const auto& bucket : figures.at("histogram").as_array()) {
    counted += bucket.at(1).to_number<std::uint64_t>();
  }
  EXPECT_EQ(counted, result.latencies.count());
  for (const char* name : {"user_us_per_post", "system_us_per_post", "us_per_post",
                           "user_us_per_record", "system_us_per_record", "us_per_record"}) {
    EXPECT_TRUE(figures.at("cpu").at(name).is_number()) << name;
  }
  for (const char* name : {"p50", "p90", "p99", "p999", "max", "mean"}) {
    EXPECT_GT(figures.at("latency_us").at(name).to_number<double>(), 0) << name;
  }
  EXPECT_GE(figures.at("cpu").at("waited_us_per_post").to_number<double>(), 0);
  EXPECT_GE(figures.at("generator_waited").to_number<double>(), 0);
  EXPECT_TRUE(figures.at("context_switches").at("per_post").is_number());
  EXPECT_TRUE(figures.at("resident_bytes").at("peak").is_number());
  EXPECT_EQ(figures.at("missing"), 0);
}

TEST(Measurement, OfNoGatewayIsThatOfLoadAndEventbus) {
  Scenario scenario = brief();
  scenario.rate = 200;
  const RunResult result = measure(scenario, no_gateway(), kSilent);
  EXPECT_EQ(result.gateway.kind, "direct");
  EXPECT_GT(result.posts, 0U);
  EXPECT_GT(result.latencies.count(), 0U);
  EXPECT_TRUE(result.errors.empty());
  EXPECT_FALSE(result.usage);
  EXPECT_FALSE(result.missing);
}

// All that a gateway on the Internet does, and each way in which events leave it.
TEST(Measurement, OfAFormMissesNothing) {
  Scenario scenario = brief();
  scenario.sink.check_ids = false;
  for (const char* const form : {"TLS,signed,stable-ids,attributes,redaction,stores,eventbus-TLS",
                                 "structured,eventbus-TLS", "batch", "hundred-entries"}) {
    GatewaySpec spec = built_gateway();
    spec.form = *GatewayForm::parse(form);
    const RunResult result = measure(scenario, spec, kSilent);
    EXPECT_GT(result.posts, 0U) << form;
    EXPECT_TRUE(result.errors.empty()) << form;
    EXPECT_EQ(result.arrived, result.acknowledged) << form;
  }
}

TEST(Measurement, OfHandshakesNeedsNoEvents) {
  Scenario scenario = brief();
  scenario.only_ask = true;
  scenario.path = "/healthz";
  scenario.new_connection_per_post = true;
  scenario.gateway.form.tls = true;
  scenario.gateway.key = "RSA-2048";
  for (const bool resume : {false, true}) {
    scenario.resume = resume;
    const RunResult result = measure(scenario, built_gateway(), kSilent);
    EXPECT_GT(result.posts, 0U);
    EXPECT_TRUE(result.errors.empty());
    EXPECT_EQ(result.arrived, 0U);
  }
}

TEST(Measurement, WithoutAGatewayIsNone) {
  GatewaySpec ends_at_once;
  ends_at_once.command = "echo cannot; exit 1";
  EXPECT_THROW(std::ignore = measure(brief(), ends_at_once, kSilent), Unreachable);
  GatewaySpec nobody;
  nobody.port = 1;
  EXPECT_THROW(std::ignore = measure(brief(), nobody, kSilent), Unreachable);
}

TEST(Measurement, CanBeInterrupted) {
  EXPECT_THROW(std::ignore = measure(brief(), built_gateway(), [](double) { throw Interrupted(); }),
               Interrupted);
}

}  // namespace
}  // namespace gateway::load
