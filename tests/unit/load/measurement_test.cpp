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
  scenario.load.connections = 8;
  scenario.payloads.records = test::Distribution(3);
  scenario.sink.check_ids = true;
  scenario.warmup_s = 0.1;
  scenario.duration_s = 0.3;
  return scenario;
}

const OnProgress kSilent = [](double) {};

bool knows(const RunResult& run, const char* name) {
  return run.at("result").as_object().contains(name);
}

TEST(Measurement, OfTheBuiltGatewayIsCompleteAndNothingIsMissing) {
  const RunResult result = measure(brief(), built_gateway(), kSilent);
  EXPECT_GT(figure(result, "/posts"), 0);
  EXPECT_EQ(figure(result, "/records"), 3 * figure(result, "/posts"));
  EXPECT_EQ(errors_of(result), 0);
  EXPECT_EQ(figure(result, "/missing"), 0);
  EXPECT_EQ(figure(result, "/arrived"), figure(result, "/acknowledged"));
  // Those of the warm-up as well.
  EXPECT_GE(figure(result, "/acknowledged"), figure(result, "/records"));
  EXPECT_GT(figure(result, "/latency_us/p50"), 0);
  ASSERT_TRUE(knows(result, "cpu"));
  EXPECT_GT(figure(result, "/cpu/us_per_post"), 0);
  EXPECT_LT(figure(result, "/cpu/cores"), 2);
  EXPECT_GT(figure(result, "/resident_bytes/idle"), 1e6);
  EXPECT_GE(figure(result, "/resident_bytes/peak"), figure(result, "/resident_bytes/idle"));
}

TEST(Measurement, BecomesJsonOfTheSchema) {
  Scenario scenario = brief();
  scenario.load.rate = 200;
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
  double counted = 0;
  for (const auto& bucket : figures.at("histogram").as_array()) {
    counted += bucket.at(1).to_number<double>();
  }
  EXPECT_GT(counted, 0);
  EXPECT_LE(counted, figure(result, "/posts"));
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
  scenario.load.rate = 200;
  const RunResult result = measure(scenario, kNoGateway, kSilent);
  EXPECT_EQ(gateway_of(result), "direct");
  EXPECT_GT(figure(result, "/posts"), 0);
  EXPECT_GT(figure(result, "/latency_us/p50"), 0);
  EXPECT_EQ(errors_of(result), 0);
  EXPECT_FALSE(knows(result, "cpu"));
  EXPECT_FALSE(knows(result, "missing"));
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
    EXPECT_GT(figure(result, "/posts"), 0) << form;
    EXPECT_EQ(errors_of(result), 0) << form;
    EXPECT_EQ(figure(result, "/arrived"), figure(result, "/acknowledged")) << form;
  }
}

TEST(Measurement, OfHandshakesNeedsNoEvents) {
  Scenario scenario = brief();
  scenario.form.only_ask = true;
  scenario.form.path = "/healthz";
  scenario.load.new_connection_per_post = true;
  scenario.gateway.form.tls = true;
  scenario.gateway.key = "RSA-2048";
  for (const bool resume : {false, true}) {
    scenario.load.resume = resume;
    const RunResult result = measure(scenario, built_gateway(), kSilent);
    EXPECT_GT(figure(result, "/posts"), 0);
    EXPECT_EQ(errors_of(result), 0);
    EXPECT_EQ(figure(result, "/arrived"), 0);
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
