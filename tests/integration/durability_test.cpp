// What becomes of events that cannot be delivered: spool and dead letters, in a real gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "gateway/egress/store/event_store.hpp"
#include "integration/stored_events.hpp"
#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/eventually.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::EventStore;
using egress::StoreKind;
using observe::Snapshot;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Durability : public testing::Test {
 protected:
  [[nodiscard]] config::Settings settings() const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.spool.path = folder_.file("spool.db");
    settings.spool.max_bytes = kRoom;
    settings.delivery.timeout = 200ms;
    settings.delivery.deadline = 400ms;
    settings.delivery.pipeline = 4;
    return settings;
  }
  [[nodiscard]] config::Settings with_dead_letters() const {
    config::Settings settings = this->settings();
    settings.spool.path.clear();
    settings.dead_letter.path = folder_.file("dead.db");
    return settings;
  }
  // What a store holds once its gateway has gone.
  [[nodiscard]] std::vector<egress::StoredRow> rows(const std::string& path, StoreKind kind) const {
    auto store = EventStore::open_for_tools(path, kind, EventStore::Access::mark);
    if (!store) {
      ADD_FAILURE() << store.error().text();
      return {};
    }
    auto chunk = (*store)->read(0, 100'000, kRoom);
    if (!chunk) {
      ADD_FAILURE() << chunk.error().text();
      return {};
    }
    EXPECT_THAT(chunk->damaged, IsEmpty());
    return std::move(chunk->rows);
  }
  [[nodiscard]] std::vector<egress::StoredRow> spooled() const {
    return rows(folder_.file("spool.db"), StoreKind::spool);
  }
  // Distinct ids that the eventbus accepted, with the data of each.
  [[nodiscard]] std::map<std::string, std::string> accepted() const {
    std::map<std::string, std::string> all;
    for (const Request& request : bus_.requests()) {
      if (request.accepted()) all[request.id()] = request.body;
    }
    return all;
  }

  TemporaryFolder folder_;
  ScriptedEventbus bus_;
};

TEST_F(Durability, WhatIsNotDeliveredInTimeIsSpooledAndTheReplayedIdsStay) {
  bus_.hold();
  RunningGateway gateway(settings());
  EXPECT_EQ(gateway.post(cos_payload(7)).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 7u);
  EXPECT_EQ(gateway.snapshot().delivered, 0u);
  std::set<std::string> first_ids;
  for (const Request& request : bus_.requests()) first_ids.insert(request.id());
  EXPECT_FALSE(first_ids.empty());

  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 7; }));
  gateway.finish();
  EXPECT_THAT(spooled(), IsEmpty());
  const auto arrived = accepted();
  EXPECT_THAT(arrived, SizeIs(7));
  for (const auto& id : first_ids) EXPECT_TRUE(arrived.contains(id)) << "a retry got another id";
  std::map<std::string, std::set<std::string>> times;
  for (const Request& request : bus_.requests()) {
    times[request.id()].insert(std::string(request.headers["ce-time"]));
  }
  for (const auto& [id, of_one] : times) EXPECT_THAT(of_one, SizeIs(1)) << id;
  std::set<std::string> data;
  for (const auto& [id, body] : arrived) data.insert(body);
  const auto sent = cos_records(7);
  EXPECT_EQ(data, std::set<std::string>(sent.begin(), sent.end()));
}

TEST_F(Durability, WithAnEventbusThatIsDownPostsAreAnsweredFromTheSpool) {
  bus_.go_down();
  auto patient = settings();
  patient.delivery.deadline = 60s;
  patient.delivery.timeout = 5s;
  RunningGateway gateway(patient);
  // Long before the deadline, as the eventbus is known to be down.
  EXPECT_EQ(gateway.post(cos_payload(3)).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 3u);
  bus_.come_up();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 3; }));
  EXPECT_THAT(accepted(), SizeIs(3));
}

TEST_F(Durability, TheSpoolOutlivesTheProcess) {
  bus_.go_down();
  {
    RunningGateway gateway(settings());
    EXPECT_EQ(gateway.post(cos_payload(50, "before-")).status, 200u);
  }
  EXPECT_THAT(spooled(), SizeIs(50));
  bus_.come_up();
  RunningGateway gateway(settings());
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 50; }));
  EXPECT_EQ(gateway.post(cos_payload(1, "after-")).status, 200u);
  gateway.finish();
  EXPECT_THAT(spooled(), IsEmpty());
  EXPECT_THAT(accepted(), SizeIs(51));
}

TEST_F(Durability, AFullQueueOverflowsIntoTheSpool) {
  bus_.hold();
  auto small = settings();
  small.delivery.queue.events = 4;
  small.delivery.deadline = 60s;
  small.delivery.timeout = 60s;
  small.ingress.grace = 1s;
  RunningGateway gateway(small);
  HttpClient waiting = gateway.connect();
  waiting.send(post_text(cos_payload(4, "queued-")));
  ASSERT_TRUE(bus_.wait_for_requests(4));
  EXPECT_EQ(gateway.post(cos_payload(3, "over-")).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 3u);
  bus_.release();
  EXPECT_EQ(waiting.response().status, 200u);
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 3; }));
  EXPECT_EQ(gateway.snapshot().delivered, 4u);
}

TEST_F(Durability, PassedOnEventsGoThroughTheSpoolUnchanged) {
  bus_.hold();
  RunningGateway gateway(settings());
  const Headers headers = {
      {"Content-Type", "text/plain"}, {"ce-specversion", "1.0"}, {"ce-id", "mine"},
      {"ce-source", "/me"},           {"ce-type", "t"},          {"ce-extra", "x y"}};
  EXPECT_EQ(gateway.post("plain text", headers).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 1u);
  const std::size_t before = bus_.requests().size();
  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 1; }));
  const Requests requests = bus_.requests();
  ASSERT_GT(requests.size(), before);
  const Request& replayed = requests.back();
  EXPECT_EQ(replayed.id(), "mine");
  EXPECT_EQ(replayed.headers["ce-extra"], requests.front().headers["ce-extra"]);
  EXPECT_EQ(replayed.headers["Content-Type"], requests.front().headers["Content-Type"]);
  EXPECT_EQ(replayed.body, "plain text");
}

TEST_F(Durability, RecordsAndPassedOnEventsComeBackFromTheSpoolTogether) {
  bus_.go_down();
  RunningGateway gateway(settings());
  HttpClient client = gateway.connect();
  constexpr std::size_t kPosts = 20;
  for (std::size_t i = 0; i < kPosts; ++i) {
    client.send(post_text(cos_payload(30, std::to_string(i) + "-")));
    client.send(post_text(R"({"n":1})", {{"Content-Type", "application/json"},
                                         {"ce-specversion", "1.0"},
                                         {"ce-id", "mine-" + std::to_string(i)},
                                         {"ce-source", "/me"},
                                         {"ce-type", "t"}}));
  }
  for (std::size_t i = 0; i < 2 * kPosts; ++i) ASSERT_EQ(client.response().status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 31 * kPosts);
  bus_.come_up();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 31 * kPosts; }));
  gateway.finish();
  EXPECT_THAT(spooled(), IsEmpty());
  const auto arrived = accepted();
  std::set<std::string> data;
  for (const auto& [id, body] : arrived) data.insert(body);
  for (std::size_t i = 0; i < kPosts; ++i) {
    const auto mine = arrived.find("mine-" + std::to_string(i));
    ASSERT_NE(mine, arrived.end());
    EXPECT_EQ(mine->second, R"({"n":1})");
    for (const std::string& record : cos_records(30, std::to_string(i) + "-")) {
      EXPECT_TRUE(data.contains(record)) << record;
    }
  }
}

TEST_F(Durability, NothingIsAcknowledgedWhileTheSpoolCannotBeHad) {
  bus_.hold();
  auto nowhere = settings();
  nowhere.spool.path = folder_.file("no/such/folder/spool.db");
  RunningGateway gateway(nowhere);
  const Response answer = gateway.post(cos_payload(2));
  EXPECT_EQ(answer.status, 503u);
  EXPECT_TRUE(answer.headers.has("Retry-After"));
  const Exposition page = parse_exposition(gateway.connect_admin().get("/metrics").body);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_spool_state{state="failing"})"), 1);
  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.in_flight() == 0; }));
  EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u) << "what can be delivered is";
}

TEST_F(Durability, AFileOfSomebodyElseIsLeftAloneAndNothingIsAcknowledged) {
  const std::string notes(100'000, 'x');
  std::ofstream(settings().spool.path) << notes;
  RunningGateway gateway(settings());
  bus_.hold();
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 503u);
  EXPECT_EQ(gateway.snapshot().spooled, 0u);
  const Exposition page = parse_exposition(gateway.connect_admin().get("/metrics").body);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_spool_state{state="failing"})"), 1);
  bus_.release();
  gateway.finish();
  std::ifstream file(settings().spool.path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), notes);
  EXPECT_FALSE(std::filesystem::exists(settings().spool.path + ".lock"));
}

TEST_F(Durability, WhatIsAcknowledgedAfterItsFilesWereRemovedOutlivesTheProcess) {
  bus_.go_down();
  std::size_t acknowledged = 0;
  {
    RunningGateway gateway(settings());
    EXPECT_EQ(gateway.post(cos_payload(3, "before-")).status, 200u);
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().filename().string().starts_with("spool.db")) {
        std::filesystem::remove(entry.path());
      }
    }
    for (int n = 0; n < 8; ++n) {
      const auto answer = gateway.post(cos_payload(2, "after-" + std::to_string(n) + "-"));
      if (answer.status == 200) acknowledged += 2;
    }
  }
  EXPECT_GT(acknowledged, 0u);
  EXPECT_THAT(spooled(), SizeIs(acknowledged));
}

TEST_F(Durability, ASecondGatewayOnTheSameSpoolRefusesToStart) {
  const RunningGateway gateway(settings());
  try {
    const Gateway second(settings());
    FAIL() << "it started";
  } catch (const std::system_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("in use"));
  }
}

TEST_F(Durability, AStopPutsWhatIsLeftIntoTheSpool) {
  bus_.hold();
  auto patient = settings();
  patient.delivery.deadline = 60s;
  patient.delivery.timeout = 60s;
  patient.ingress.grace = 1s;
  RunningGateway gateway(patient);
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(5)));
  ASSERT_TRUE(bus_.wait_for_requests(1));
  gateway.gateway().stop();
  EXPECT_EQ(client.response().status, 200u);
  gateway.finish();
  EXPECT_THAT(spooled(), SizeIs(5));
  bus_.release();
}

TEST_F(Durability, ARefusedRecordBecomesADeadLetterAndItsPostIsGood) {
  bus_.next(reply(422, {}, "no such schema"));
  RunningGateway gateway(with_dead_letters());
  EXPECT_EQ(gateway.post(cos_payload(1, "bad-")).status, 200u);
  EXPECT_EQ(gateway.snapshot().dead_lettered, 1u);
  gateway.finish();
  const auto letters = rows(folder_.file("dead.db"), StoreKind::dead_letters);
  ASSERT_THAT(letters, SizeIs(1));
  const auto& letter = letters[0].event;
  EXPECT_EQ(letters[0].id, bus_.requests().at(0).id());
  EXPECT_EQ(letters[0].key, "bad-0");
  ASSERT_TRUE(letter.details);
  EXPECT_EQ(letter.details->status, 422u);
  EXPECT_EQ(letter.details->body, "no such schema");
  EXPECT_EQ(letter.details->attempts, 1u);
  EXPECT_THAT(letter.details->endpoint, HasSubstr("/gateway/test"));
  const auto event = boost::json::parse(letter.json).as_object();
  EXPECT_EQ(event.at("id").as_string(), letters[0].id);
  EXPECT_EQ(event.at("data"), boost::json::parse(cos_records(1, "bad-")[0]));
}

TEST_F(Durability, AReplayedEventThatIsRefusedBecomesADeadLetter) {
  bus_.hold();
  auto both = settings();
  both.dead_letter.path = folder_.file("dead.db");
  RunningGateway gateway(both);
  EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 2u);
  bus_.script([](const Request&) { return reply(400, {}, "never"); });
  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 2; }));
  gateway.finish();
  EXPECT_THAT(spooled(), IsEmpty());
  const auto letters = rows(folder_.file("dead.db"), StoreKind::dead_letters);
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_THAT(letters[0].bucket, Not(IsEmpty()));
}

TEST_F(Durability, ARefusedEventStaysInTheSpoolWhereThereAreNoDeadLetters) {
  bus_.hold();
  bus_.script([](const Request& request) {
    return request.body.find("object-0") != std::string::npos ? reply(400) : reply(200);
  });
  RunningGateway gateway(settings());
  EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u);
  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 1; }));
  gateway.finish();
  const auto left = spooled();
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].key, "object-0");
}

TEST_F(Durability, AReplayedEventThatIsRefusedWaitsForDeadLettersThatCannotBeHadYet) {
  bus_.hold();
  auto both = settings();
  both.delivery.deadline = 100ms;  // a fifth of the time after which it is tried again
  both.dead_letter.path = folder_.file("later/dead.db");
  RunningGateway gateway(both);
  EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u);
  bus_.script([](const Request&) { return reply(400, {}, "never"); });
  bus_.release();
  EXPECT_TRUE(eventually([this] { return !bus_.requests().empty(); }));
  std::filesystem::create_directory(folder_.file("later"));
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 2; }));
  gateway.finish();
  EXPECT_THAT(spooled(), IsEmpty());
  EXPECT_THAT(rows(both.dead_letter.path, StoreKind::dead_letters), SizeIs(2));
}

TEST_F(Durability, RefusedEventsWhoseFilesAreRemovedKeepNoOthersFromTheEventbus) {
  bus_.hold();
  bus_.script([](const Request& request) {
    return request.body.find("refused-") != std::string::npos ? reply(400) : reply(200);
  });
  RunningGateway gateway(settings());
  EXPECT_EQ(gateway.post(cos_payload(5, "refused-")).status, 200u);
  EXPECT_EQ(gateway.post(cos_payload(1, "good-")).status, 200u);
  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 1; }));
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (file.path().extension() == ".events") std::filesystem::remove(file.path());
  }
  EXPECT_TRUE(eventually([&] {
    const std::string metrics = gateway.connect_admin().get("/metrics").body;
    return parse_exposition(metrics).total("cos_gateway_spool_events") == 0;
  }));
  bus_.go_down();
  EXPECT_EQ(gateway.post(cos_payload(3, "new-")).status, 200u);
  bus_.come_up();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 4; }));
  gateway.finish();
  EXPECT_THAT(spooled(), IsEmpty());
}

TEST_F(Durability, ABacklogIsDeliveredWholeBesideNewPosts) {
  bus_.go_down();
  constexpr std::size_t kPosts = 100;
  constexpr std::size_t kRecords = 50;
  RunningGateway gateway(settings());
  HttpClient client = gateway.connect();
  for (std::size_t i = 0; i < kPosts; ++i) {
    client.send(post_text(cos_payload(kRecords, "backlog-" + std::to_string(i) + "-")));
  }
  for (std::size_t i = 0; i < kPosts; ++i) ASSERT_EQ(client.response().status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, kPosts * kRecords);
  bus_.come_up();
  EXPECT_EQ(gateway.post(cos_payload(1, "new-")).status, 200u);
  EXPECT_TRUE(gateway.wait_for(
      [](const Snapshot& now) { return now.replayed + now.delivered >= kPosts * kRecords + 1; }));
  gateway.finish();
  EXPECT_THAT(spooled(), IsEmpty());
  EXPECT_GE(accepted().size(), kPosts * kRecords + 1);
}

}  // namespace
}  // namespace gateway::test
