#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <set>

#include "integration/targets.hpp"
#include "support/exposition.hpp"
#include "support/program.hpp"
#include "testkit/eventually.hpp"
#include "testkit/http_client.hpp"

// A gateway with several targets: where events go, and what a target that is dead, slow, full or
// refuses costs the others.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::StoreKind;
using observe::Snapshot;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST_F(Targets, ReceiveTheEventsOfTheirBuckets) {
  const RunningGateway gateway(settings());
  const Response answer = gateway.post(
      cos_payload({record("a", "1"), record("b", "2"), record("c", "3"), record("d", "4")}));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "{\"records\":4}");
  EXPECT_THAT(bodies(bus_), UnorderedElementsAre(record("a", "1"), record("d", "4")));
  EXPECT_THAT(bodies(other_), UnorderedElementsAre(record("b", "2")));
  EXPECT_THAT(bodies(third_), UnorderedElementsAre(record("c", "3")));
  EXPECT_EQ(gateway.post(cos_payload({record("b", "5")})).status, 200U);
  EXPECT_THAT(bodies(other_), SizeIs(2));
}

TEST_F(Targets, LeaveEventsThatArePassedOnToTheTopLevelOne) {
  const RunningGateway gateway(settings());
  const std::string event =
      R"({"specversion":"1.0","id":"1","type":"t","source":"s","data":{"Records":[]}})";
  EXPECT_EQ(gateway.post(event, {{"Content-Type", "application/cloudevents+json"}}).status, 200U);
  EXPECT_THAT(bodies(bus_), SizeIs(1));
}

TEST_F(Targets, ADeadOneCostsTheOthersNothing) {
  other_.go_down();
  const RunningGateway gateway(settings());
  HttpClient waiting = gateway.connect();
  waiting.send(post_text(cos_payload({record("b", "1")})));
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 1; }));
  HttpClient client = gateway.connect();
  for (int n = 0; n < 100; ++n) {
    ASSERT_EQ(client.post(cos_payload({record(n % 2 == 0 ? "a" : "c", "x")})).status, 200U);
  }
  EXPECT_EQ(waiting.response().status, 504U);
}

TEST_F(Targets, OneThatHangsCostsTheOthersNothing) {
  other_.hold();
  const RunningGateway gateway(settings());
  std::vector<HttpClient> waiting;
  for (int n = 0; n < 20; ++n) {
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(cos_payload({record("b", "1")})));
  }
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 20; }));
  HttpClient client = gateway.connect();
  for (int n = 0; n < 100; ++n) {
    ASSERT_EQ(client.post(cos_payload({record("a", "x")})).status, 200U);
  }
  other_.release();
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
}

TEST_F(Targets, HaveAMixedPostAnsweredByTheWorst) {
  other_.script([](const Request&) { return reply(422, {}, "no such thing"); });
  const RunningGateway gateway(settings());
  const Response answer = gateway.post(
      cos_payload({record("a", "1"), record("b", "2"), record("c", "3"), record("b", "4")}));
  EXPECT_EQ(answer.status, 502U);
  const auto body = boost::json::parse(answer.body).as_object();
  EXPECT_EQ(body.at("delivered").to_number<int>(), 2);
  std::set<int> indexes;
  for (const auto& failed : body.at("failed").as_array()) {
    indexes.insert(failed.as_object().at("index").to_number<int>());
    EXPECT_EQ(failed.as_object().at("status").to_number<int>(), 422);
  }
  EXPECT_EQ(indexes, (std::set<int>{1, 3}));
}

TEST_F(Targets, HaveAMixedPostWaitForADeadOne) {
  other_.go_down();
  const RunningGateway gateway(settings());
  const Response answer = gateway.post(cos_payload({record("a", "1"), record("b", "2")}));
  EXPECT_EQ(answer.status, 504U);
  EXPECT_THAT(answer.body, HasSubstr("\"records\":2,\"delivered\":1"));
  EXPECT_THAT(bodies(bus_), SizeIs(1));
}

TEST_F(Targets, SpoolWhatOneCannotTakeOfAMixedPost) {
  other_.go_down();
  {
    const RunningGateway gateway(with_spool());
    // The first waits for the target to come back, and the others find it down.
    for (int n = 0; n < 3; ++n) {
      EXPECT_EQ(gateway.post(cos_payload({record("a", "1"), record("b", "2")})).status, 200U);
    }
    EXPECT_EQ(gateway.snapshot().delivered, 3U);
    EXPECT_EQ(gateway.snapshot().spooled, 3U);
    EXPECT_THAT(bodies(bus_), SizeIs(3));
  }
  const auto kept = rows("spool.db", StoreKind::spool);
  EXPECT_THAT(kept, SizeIs(3));
  for (const auto& row : kept) EXPECT_EQ(row.event.target, url_of(other_));
}

TEST_F(Targets, AreReplayedApartFromEachOther) {
  other_.go_down();
  third_.go_down();
  {
    const RunningGateway gateway(with_spool());
    for (const char* bucket : {"b", "c", "b"}) {
      EXPECT_EQ(gateway.post(cos_payload({record(bucket, "1")})).status, 200U);
    }
    EXPECT_EQ(gateway.snapshot().spooled, 3U);
  }
  third_.come_up();
  RunningGateway gateway(with_spool());
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 1; }));
  EXPECT_THAT(bodies(third_), UnorderedElementsAre(record("c", "1")));
  other_.come_up();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 3; }));
  EXPECT_THAT(bodies(other_), SizeIs(2));
  EXPECT_THAT(bodies(bus_), IsEmpty());
  gateway.finish();
  EXPECT_THAT(rows("spool.db", StoreKind::spool), IsEmpty());
}

TEST_F(Targets, ThatAreConfiguredNoMoreKeepTheirEvents) {
  other_.go_down();
  {
    const RunningGateway gateway(with_spool());
    EXPECT_EQ(gateway.post(cos_payload({record("b", "1"), record("b", "2")})).status, 200U);
  }
  {
    config::Settings without = with_spool();
    without.buckets.clear();
    const RunningGateway gateway(without);
    const auto unclaimed = [&] {
      const auto page = parse_exposition(gateway.connect_admin().get("/metrics").body);
      return page.samples.at("cos_gateway_spool_unclaimed_events");
    };
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (unclaimed() != 2 && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_EQ(unclaimed(), 2);
    EXPECT_THAT(gateway.connect_admin().get("/status").body, HasSubstr("\"unclaimed_events\":2"));
    EXPECT_TRUE(
        status_says(gateway, "2 events of the spool are for targets that are not configured"));
  }
  EXPECT_THAT(bodies(bus_), IsEmpty());
  const std::string config = configuration("");
  const auto inspect = run_program({"inspect", "--spool", "--config", config});
  EXPECT_THAT(inspect.out, HasSubstr("2  " + url_of(other_)));
  const auto own = run_program({"replay", "--spool", "--config", config});
  EXPECT_EQ(own.exit_code, 69);
  EXPECT_THAT(own.err, HasSubstr("2 events for " + url_of(other_) + " were left"));
  EXPECT_THAT(bodies(bus_), IsEmpty());
  const auto wrong =
      run_program({"replay", "--spool", "--target", url_of(other_), "--config", config});
  EXPECT_EQ(wrong.exit_code, 64);
  EXPECT_THAT(wrong.err, HasSubstr("no target of the configuration, say with --to"));
  const auto sent = run_program(
      {"replay", "--spool", "--target", url_of(other_), "--to", "-", "--config", config});
  EXPECT_EQ(sent.exit_code, 0) << sent.err;
  EXPECT_THAT(bodies(bus_), UnorderedElementsAre(record("b", "1"), record("b", "2")));
  EXPECT_THAT(rows("spool.db", StoreKind::spool), IsEmpty());
}

TEST_F(Targets, ThatAreConfiguredNoMoreAreNamedWithWhatSendsTheirEvents) {
  other_.go_down();
  {
    const RunningGateway gateway(with_spool());
    EXPECT_EQ(gateway.post(cos_payload({record("b", "1")})).status, 200U);
  }
  const std::vector<std::string> replay{"replay", "--spool", "--target", url_of(other_),
                                        "--to",   "-",       "--config", configuration("")};
  const std::uint16_t admin_port = free_port();
  RunningProgram program(arguments_to_run(free_port(), admin_port, bus_.port(),
                                          {"spool.path=" + folder_.file("spool.db")}));
  ASSERT_TRUE(program.wait_until_ready(admin_port));
  EXPECT_TRUE(eventually([&] {
    HttpClient admin(admin_port);
    return parse_exposition(admin.get("/metrics").body)
               .samples.at("cos_gateway_spool_unclaimed_events") == 1;
  }));
  const auto beside = run_program(replay);
  EXPECT_EQ(beside.exit_code, 69);
  EXPECT_THAT(beside.err, HasSubstr("stop it to send these to another with --to"));
  const std::string log = program.stop().err;
  EXPECT_THAT(log, HasSubstr("stop the gateway, and `cos-gateway replay --spool --target URL"));
  EXPECT_EQ(run_program(replay).exit_code, 0);
  EXPECT_THAT(bodies(bus_), UnorderedElementsAre(record("b", "1")));
}

TEST_F(Targets, GetTheirOwnDeadLettersAgain) {
  EXPECT_EQ(make_dead_letters({cos_payload({record("a", "1"), record("b", "2")})}), 2U);
  const std::string config = configuration("b");
  const auto shown = run_program(
      {"inspect", "--dead-letters", "--list", "--target", url_of(other_), "--config", config});
  EXPECT_THAT(shown.out, HasSubstr("\t" + url_of(other_) + "\n"));
  EXPECT_EQ(std::ranges::count(shown.out, '\n'), 1);
  const auto listed = run_program({"replay", "--dead-letters", "--dry-run", "--config", config});
  EXPECT_THAT(listed.out, HasSubstr("rows              2\n"));
  const auto replayed = run_program({"replay", "--dead-letters", "--config", config});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  EXPECT_THAT(replayed.out, HasSubstr("To " + url_of(other_)));
  EXPECT_THAT(bodies(bus_), UnorderedElementsAre(record("a", "1")));
  EXPECT_THAT(bodies(other_), UnorderedElementsAre(record("b", "2")));
  const auto discarded = run_program(
      {"discard", "--dead-letters", "--target", url_of(other_), "--yes", "--config", config});
  EXPECT_THAT(discarded.out, HasSubstr("discarded 1\n"));
}

// The first rows of all, not of the first target; and one result of all.
TEST_F(Targets, ShareTheLimitOfAReplay) {
  std::vector<std::string> posts;
  for (const char* bucket : {"b", "b", "a", "b", "a"}) {
    posts.push_back(cos_payload({record(bucket, "1")}));
  }
  EXPECT_EQ(make_dead_letters(posts), 5U);
  const auto replayed = run_program(
      {"replay", "--dead-letters", "--limit", "4", "--json", "--config", configuration("b")});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  EXPECT_THAT(bodies(bus_), SizeIs(1));
  EXPECT_THAT(bodies(other_), SizeIs(3));
  const auto result = boost::json::parse(replayed.out).as_object();
  EXPECT_EQ(result.at("selected"), 4);
  EXPECT_EQ(result.at("delivered"), 4);
  const auto& targets = result.at("targets").as_array();
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets.at(1).at("target"), boost::json::string(url_of(other_)));
  EXPECT_EQ(targets.at(1).at("delivered"), 3);
}

TEST_F(Targets, ShowTheirStateEach) {
  other_.go_down();
  const RunningGateway gateway(settings());
  HttpClient waiting = gateway.connect();
  waiting.send(post_text(cos_payload({record("b", "1")})));
  EXPECT_EQ(gateway.post(cos_payload({record("a", "1")})).status, 200U);
  ASSERT_TRUE(gateway.wait_for(
      [](const Snapshot& now) { return now.targets.size() == 3 && now.targets[1].is_down(); }));
  const auto page = parse_exposition(gateway.connect_admin().get("/metrics").body);
  const auto state = [&](const ScriptedEventbus& bus, const char* name) {
    return page.samples.at(
        fmt::format("cos_gateway_eventbus_state{{target=\"{}\",state=\"{}\"}}", url_of(bus), name));
  };
  EXPECT_EQ(state(bus_, "up"), 1);
  EXPECT_EQ(state(other_, "up"), 0);
  EXPECT_EQ(page.total("cos_gateway_eventbus_state"), 3);
  EXPECT_EQ(page.samples.at(fmt::format(
                "cos_gateway_target_events_delivered_total{{target=\"{}\"}}", url_of(bus_))),
            1);
  const auto status = boost::json::parse(gateway.connect_admin().get("/status").body).as_object();
  const auto& targets = status.at("targets").as_array();
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_EQ(targets[1].as_object().at("target").as_string(), url_of(other_));
  EXPECT_EQ(targets[1].as_object().at("queue").as_object().at("bytes").to_number<int>() > 0, true);
  EXPECT_FALSE(targets[1].as_object().at("last_answer").is_null());
  EXPECT_EQ(gateway.connect_admin().get("/readyz").status, 200U);
  EXPECT_EQ(waiting.response().status, 504U);
}

TEST_F(Targets, AreNamedByWhatIsWrongWithThem) {
  other_.script([](const Request&) { return reply(404, {}, "no such bus"); });
  const RunningGateway gateway(settings());
  EXPECT_EQ(gateway.post(cos_payload({record("a", "1"), record("c", "2")})).status, 200U);
  EXPECT_EQ(gateway.post(cos_payload({record("a", "3"), record("b", "4")})).status, 502U);
  EXPECT_TRUE(status_says(gateway, "the eventbus " + url_of(other_) + " answers 404"));
}

TEST_F(Targets, DoNotShowWhereThereIsOne) {
  config::Settings one = settings();
  one.buckets.clear();
  const RunningGateway gateway(one);
  const std::string metrics = gateway.connect_admin().get("/metrics").body;
  EXPECT_THAT(metrics, Not(HasSubstr("target=")));
  EXPECT_THAT(gateway.connect_admin().get("/status").body, Not(HasSubstr("\"targets\"")));
}

}  // namespace
}  // namespace gateway::test
