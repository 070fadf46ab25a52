// One post whose records three owners hold at once: an eventbus connection, the spool and the dead
// letters. Whichever of them speaks last or fails, the answer must be true of each record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>

#include "gateway/egress/store/event_store.hpp"
#include "integration/stored_events.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::EventStore;
using egress::StoreKind;

constexpr int kRecords = 3;

// What the eventbus does about the records it does not refuse.
enum class Eventbus : std::uint8_t { answers_late, cuts_the_connection, stays_silent };

struct OrderCase {
  const char* name;
  Eventbus eventbus = Eventbus::answers_late;
  bool spool_is_away = false;
  bool dead_letters_are_away = false;
  bool client_leaves = false;
};
void PrintTo(const OrderCase& it, std::ostream* out) {
  *out << it.name;
}

// Takes a store's folder away until it goes, as a volume that is lost for a while.
class Away {
 public:
  explicit Away(const std::string& path) : folder_(std::filesystem::path(path).parent_path()) {
    std::filesystem::rename(folder_, folder_.string() + "-away");
  }
  ~Away() { std::filesystem::rename(folder_.string() + "-away", folder_); }
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

 private:
  const std::filesystem::path folder_;
};

class StoreOrders : public testing::TestWithParam<OrderCase> {
 protected:
  [[nodiscard]] config::Settings settings() const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.spool.path = spool_;
    settings.spool.max_bytes = kRoom;
    settings.dead_letter.path = dead_letters_;
    settings.delivery.timeout = 3s;
    settings.delivery.deadline = 300ms;
    settings.delivery.pipeline = kRecords;
    return settings;
  }
  [[nodiscard]] static std::string key(int record) { return "object-" + std::to_string(record); }

  // Refuses the first record at once.
  void script(Eventbus rest) {
    bus_.script([rest](const Request& request) {
      if (request.body.find(key(0) + '"') != std::string::npos) return reply(400, {}, "no");
      switch (rest) {
        case Eventbus::answers_late: return reply(200).after(700ms);
        case Eventbus::cuts_the_connection: return reset_unanswered().after(700ms);
        case Eventbus::stays_silent: break;
      }
      return never_answer();
    });
  }
  // The records that are with the eventbus or in a store. The gateway has gone.
  [[nodiscard]] std::set<int> safe() const {
    std::set<int> all;
    const auto add = [&](const std::string& text) {
      for (int i = 0; i < kRecords; ++i) {
        if (text.find(key(i) + '"') != std::string::npos) all.insert(i);
      }
    };
    for (const Request& request : bus_.requests()) {
      if (request.accepted()) add(request.body);
    }
    for (const auto& [path, kind] :
         {std::pair(spool_, StoreKind::spool), std::pair(dead_letters_, StoreKind::dead_letters)}) {
      auto store = EventStore::open_for_tools(path, kind, EventStore::Access::read);
      if (!store) {
        ADD_FAILURE() << store.error().text();
        continue;
      }
      const auto chunk = (*store)->read(0, 1000, kRoom);
      if (!chunk) {
        ADD_FAILURE() << chunk.error().text();
        continue;
      }
      for (const auto& row : chunk->rows) add(row.event.json);
    }
    return all;
  }
  [[nodiscard]] static std::set<int> named_in(const std::string& body) {
    std::set<int> named;
    const boost::json::value answer = boost::json::parse(body);
    for (const auto& failure : answer.at("failed").as_array()) {
      named.insert(static_cast<int>(failure.at("index").as_int64()));
    }
    return named;
  }

  StoreOrders() {
    for (const auto& path : {spool_, dead_letters_}) {
      std::filesystem::create_directory(std::filesystem::path(path).parent_path());
    }
  }

  TemporaryFolder folder_;
  const std::string spool_ = folder_.file("spool/spool.db");
  const std::string dead_letters_ = folder_.file("dead/dead.db");
  ScriptedEventbus bus_;
};

TEST_P(StoreOrders, TheAnswerIsTrueOfEachRecord) {
  const OrderCase& it = GetParam();
  script(it.eventbus);
  RunningGateway gateway(settings());
  auto spool = it.spool_is_away ? std::make_unique<Away>(spool_) : nullptr;
  auto dead_letters = it.dead_letters_are_away ? std::make_unique<Away>(dead_letters_) : nullptr;

  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(kRecords)));
  Response answer;
  if (it.client_leaves) {
    ASSERT_TRUE(bus_.wait_for_requests(kRecords));
    client.reset();
    ASSERT_TRUE(gateway.wait_for([](const auto& now) { return now.in_flight() == 0; }));
  } else {
    answer = client.response();
  }
  spool.reset();
  dead_letters.reset();
  gateway.finish();

  const std::set<int> kept = safe();
  std::set<int> missing;
  for (int i = 0; i < kRecords; ++i) {
    if (!kept.contains(i)) missing.insert(i);
  }
  if (it.client_leaves) return;
  if (answer.status == 200) {
    EXPECT_THAT(missing, testing::IsEmpty()) << "a 200 is a promise";
  } else if (answer.status == 502) {
    EXPECT_EQ(named_in(answer.body), missing) << answer.body;
  } else {
    EXPECT_EQ(answer.status, 503u) << answer.body;
    EXPECT_TRUE(it.spool_is_away);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , StoreOrders,
    testing::Values(
        OrderCase{"DeadLetterLostTheOthersDeliveredLate", Eventbus::answers_late, false, true},
        OrderCase{"DeadLetterLostTheOthersCut", Eventbus::cuts_the_connection, false, true},
        OrderCase{"DeadLetterLostTheOthersSilent", Eventbus::stays_silent, false, true},
        OrderCase{"SpoolLostTheOthersDeliveredLate", Eventbus::answers_late, true, false},
        OrderCase{"SpoolLostTheOthersCut", Eventbus::cuts_the_connection, true, false},
        OrderCase{"BothLostTheOthersCut", Eventbus::cuts_the_connection, true, true},
        OrderCase{"NothingLost", Eventbus::cuts_the_connection, false, false},
        OrderCase{"ClientGone", Eventbus::cuts_the_connection, false, true, true}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace gateway::test
