#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "gateway/config/buckets.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/temporary_folder.hpp"

// A gateway with several targets: where events go, and what a target that is dead, slow, full or
// refuses costs the others.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::EventStore;
using egress::StoreKind;
using observe::Snapshot;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::string_view kKitBucket = "pictures";
constexpr std::string_view kAppid = "1250000000";

std::string record(std::string_view bucket, std::string_view key) {
  std::string text = cos_record(key);
  for (std::size_t at = 0; (at = text.find(kKitBucket, at)) != std::string::npos;
       at += bucket.size()) {
    text.replace(at, kKitBucket.size(), bucket);
  }
  return text;
}
std::string name_of(std::string_view bucket) {
  return fmt::format("{}-{}", bucket, kAppid);
}
Headers hint(std::string_view bucket) {
  return {{"X-Cos-Bucket", name_of(bucket)}};
}

class Targets : public testing::Test {
 protected:
  // Bucket `b` goes to other_, `c` to third_, all else to the top-level bus_.
  [[nodiscard]] config::Settings settings() const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.delivery.timeout = 2s;
    settings.delivery.deadline = 4s;
    for (const auto& [bucket, to] :
         {std::pair("a", &bus_), std::pair("b", &other_), std::pair("c", &third_)}) {
      config::BucketEntry entry;
      entry.bucket.endpoint = name_of(bucket) + ".cos.ap-guangzhou.myqcloud.com";
      entry.target = fmt::format("127.0.0.1:{}", to->port());
      entry.eventbus = settings.eventbus;
      entry.function = settings.function;
      entry.event = settings.event;
      settings.buckets.push_back(entry);
    }
    return settings;
  }
  [[nodiscard]] config::Settings with_spool() const {
    config::Settings settings = this->settings();
    settings.spool.path = folder_.file("spool.db");
    settings.spool.max_bytes = 64 << 20;
    return settings;
  }
  [[nodiscard]] std::string url_of(const ScriptedEventbus& bus) const {
    return fmt::format("http://127.0.0.1:{}/gateway/{}", bus.port(), settings().eventbus);
  }
  [[nodiscard]] std::vector<egress::StoredRow> rows(const std::string& file, StoreKind kind) const {
    auto store = EventStore::open_for_tools(folder_.file(file), kind);
    if (!store) return {};
    auto chunk = (*store)->read(0, 100'000, 64 << 20);
    return chunk ? std::move(chunk->rows) : std::vector<egress::StoredRow>();
  }
  // A configuration file with the targets whose buckets are named.
  [[nodiscard]] std::string configuration(const std::string& buckets) const {
    std::ofstream file(folder_.file("config.yml"));
    file << "target: http://127.0.0.1:" << bus_.port() << "\neventbus: " << settings().eventbus
         << "\nfunction: {provision: false, region: ap-guangzhou, name: relay}\n"
         << "spool: {path: " << folder_.file("spool.db") << "}\n"
         << "dead_letter: {path: " << folder_.file("dead.db") << "}\n"
         << "delivery: {deadline: 2s, timeout: 1s, retry: {initial: 20ms, max: 100ms}}\n";
    if (!buckets.empty()) file << "buckets:\n";
    for (const char bucket : buckets) {
      const std::uint16_t port = bucket == 'b' ? other_.port() : third_.port();
      file << "- {endpoint: " << bucket << '-' << kAppid
           << ".cos.ap-guangzhou.myqcloud.com, target: 'http://127.0.0.1:" << port << "'}\n";
    }
    return folder_.file("config.yml");
  }
  static std::vector<std::string> bodies(const ScriptedEventbus& bus) {
    std::vector<std::string> all;
    for (const Request& request : bus.requests()) {
      if (request.accepted()) all.push_back(request.body);
    }
    return all;
  }

  TemporaryFolder folder_;
  ScriptedEventbus bus_;
  ScriptedEventbus other_;
  ScriptedEventbus third_;
};

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

TEST_F(Targets, AFullQueueRefusesPostsForItsTargetAlone) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.delivery.queue.events = 30;  // ten for each
  const RunningGateway gateway(settings);
  HttpClient waiting = gateway.connect();
  std::vector<std::string> ten;
  for (int n = 0; n < 10; ++n) ten.push_back(record("b", std::to_string(n)));
  waiting.send(post_text(cos_payload(ten)));
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 10; }));
  for (const Headers& headers : {hint("b"), Headers(), hint("a")}) {
    const Response refused = gateway.post(cos_payload({record("b", "x")}), headers);
    EXPECT_EQ(refused.status, 503U) << "whatever the hint says";
    EXPECT_FALSE(refused.headers["retry-after"].empty());
  }
  for (const Headers& headers : {hint("a"), Headers(), hint("b")}) {
    const unsigned expected = headers["x-cos-bucket"] == name_of("b") ? 503U : 200U;
    EXPECT_EQ(gateway.post(cos_payload({record("a", "x")}), headers).status, expected)
        << headers["x-cos-bucket"];
  }
  const Response mixed = gateway.post(cos_payload({record("a", "y"), record("b", "y")}));
  EXPECT_EQ(mixed.status, 503U);
  EXPECT_THAT(bodies(bus_), Not(testing::Contains(record("a", "y")))) << "nothing of it is sent";
  other_.release();
  EXPECT_EQ(waiting.response().status, 200U);
}

TEST_F(Targets, HoldNoMoreThanTheirShareOfTheBytes) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_body = 32 << 10;
  settings.ingress.max_in_flight = 5 * (64 << 10);  // 64 KiB a share
  const RunningGateway gateway(settings);
  const std::string body = cos_payload({record("b", std::string(6000, 'k'))});
  const std::size_t most = (64 << 10) / body.size();
  std::vector<HttpClient> waiting;
  for (std::size_t sent = 0; sent < most; ++sent) {
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(body, sent % 2 == 0 ? hint("b") : Headers()));
  }
  ASSERT_TRUE(gateway.wait_for([&](const Snapshot& now) { return now.received == most; }));
  EXPECT_EQ(gateway.post(body, hint("b")).status, 503U);
  const Response unknown = gateway.post(body);
  EXPECT_EQ(unknown.status, 503U) << "once its records are known";
  EXPECT_THAT(unknown.body, HasSubstr("max_in_flight"));
  EXPECT_EQ(gateway.post(cos_payload({record("a", "x")})).status, 200U);
  EXPECT_EQ(gateway.post(cos_payload({record("c", "x")}), hint("c")).status, 200U);
  other_.release();
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
  EXPECT_EQ(gateway.post(body, hint("b")).status, 200U);
}

TEST_F(Targets, HoldNoMoreThanTheirShareOfTheConnections) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_connections = 25;  // five a share
  const RunningGateway gateway(settings);
  std::vector<HttpClient> waiting;
  for (int n = 0; n < 5; ++n) {
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(cos_payload({record("b", "1")})));
  }
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 5; }));
  EXPECT_EQ(gateway.post(cos_payload({record("b", "x")}), hint("b")).status, 503U);
  EXPECT_EQ(gateway.post(cos_payload({record("b", "x")})).status, 503U);
  EXPECT_EQ(gateway.post(cos_payload({record("a", "x")}), hint("a")).status, 200U);
  other_.release();
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
}

// Posts to several wait for the one that hangs, and hold nothing of the others'.
TEST_F(Targets, HoldNothingOfTheOthersForMixedPosts) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_body = 32 << 10;
  settings.ingress.max_in_flight = 5 * (64 << 10);  // 64 KiB a share
  settings.ingress.max_connections = 100;
  const RunningGateway gateway(settings);
  const std::string large(6000, 'k');
  const std::string mixed = cos_payload({record("b", "1"), record("a", large)});
  const std::string alone = cos_payload({record("a", large)});
  const std::size_t most = (64 << 10) / mixed.size();
  std::vector<HttpClient> waiting;
  for (std::size_t sent = 0; sent < most; ++sent) {
    // Each right behind one that leaves the well target's queue the longer one.
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(alone, hint("a")) + post_text(mixed));
    EXPECT_EQ(waiting.back().response().status, 200U);
  }
  ASSERT_TRUE(gateway.wait_for([&](const Snapshot& now) { return now.received == 3 * most; }));
  const Response refused = gateway.post(mixed);
  EXPECT_EQ(refused.status, 503U);
  EXPECT_THAT(refused.body, HasSubstr("max_in_flight"));
  // All that the well target's share has room for, at once.
  bus_.hold();
  std::vector<HttpClient> well;
  for (std::size_t sent = 0; sent < (64 << 10) / alone.size(); ++sent) {
    well.push_back(gateway.connect());
    well.back().send(post_text(alone, sent % 2 == 0 ? hint("a") : Headers()));
  }
  ASSERT_TRUE(gateway.wait_for(
      [&](const Snapshot& now) { return now.received == 3 * most + well.size(); }));
  bus_.release();
  other_.release();
  for (HttpClient& one : well) EXPECT_EQ(one.response().status, 200U);
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
}

TEST_F(Targets, HoldNoConnectionsOfTheOthersForMixedPosts) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_connections = 25;  // five a share
  const RunningGateway gateway(settings);
  const std::string mixed = cos_payload({record("b", "1"), record("a", "1")});
  std::vector<HttpClient> waiting;
  for (int n = 0; n < 5; ++n) {
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(mixed));
  }
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 10; }));
  EXPECT_EQ(gateway.post(mixed).status, 503U);
  EXPECT_EQ(gateway.post(cos_payload({record("a", "x")})).status, 200U);
  EXPECT_EQ(gateway.post(cos_payload({record("c", "x")}), hint("c")).status, 200U);
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

TEST_F(Targets, GetTheirOwnDeadLettersAgain) {
  const auto refuse = [](const Request&) { return reply(422, {}, "no"); };
  bus_.script(refuse);
  other_.script(refuse);
  {
    config::Settings settings = this->settings();
    settings.dead_letter.path = folder_.file("dead.db");
    const RunningGateway gateway(settings);
    EXPECT_EQ(gateway.post(cos_payload({record("a", "1"), record("b", "2")})).status, 200U);
    EXPECT_EQ(gateway.snapshot().dead_lettered, 2U);
  }
  const std::string config = configuration("b");
  const auto shown = run_program(
      {"inspect", "--dead-letters", "--list", "--target", url_of(other_), "--config", config});
  EXPECT_THAT(shown.out, HasSubstr("\t" + url_of(other_) + "\n"));
  EXPECT_EQ(std::ranges::count(shown.out, '\n'), 1);
  bus_.script({});
  other_.script({});
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
