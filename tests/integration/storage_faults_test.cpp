// Stores that cannot be had, are damaged, or hold what the eventbus will not take, in a real
// gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "gateway/egress/replay/spool_expiry.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "integration/stored_events.hpp"
#include "support/exposition.hpp"
#include "support/mounted_folder.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/shell.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::EventStore;
using egress::StoreKind;
using observe::Snapshot;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kPage = 16384;

class StorageFaults : public testing::Test {
 protected:
  [[nodiscard]] config::Settings settings(const std::string& spool) const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.spool.path = spool;
    settings.spool.max_bytes = kRoom;
    settings.delivery.timeout = 200ms;
    settings.delivery.deadline = 400ms;
    settings.delivery.pipeline = 4;
    return settings;
  }
  [[nodiscard]] static std::vector<egress::StoredRow> rows(const std::string& path,
                                                           StoreKind kind) {
    auto store = EventStore::open_for_tools(path, kind, EventStore::Access::read);
    auto chunk = store ? (*store)->read(0, 100'000, kRoom)
                       : egress::StoreOutcome<egress::StoredChunk>(store.error());
    if (!chunk) {
      ADD_FAILURE() << chunk.error().text();
      return {};
    }
    return std::move(chunk->rows);
  }
  [[nodiscard]] static double sample(const RunningGateway& gateway, const std::string& name) {
    return parse_exposition(gateway.connect_admin().get("/metrics").body).samples.at(name);
  }
  // Until the spool is in that state; false if that does not come about.
  [[nodiscard]] static bool spool_becomes(const RunningGateway& gateway, const std::string& state) {
    return gateway.wait_for([&](const Snapshot&) {
      return sample(gateway, "cos_gateway_spool_state{state=\"" + state + "\"}") == 1;
    });
  }
  static void expect_refused(const Response& answer) {
    EXPECT_EQ(answer.status, 503u);
    EXPECT_TRUE(answer.headers.has("Retry-After"));
  }

  // Returns the path of the one segment of the store at `path`.
  static std::string only_segment(const std::string& path) {
    std::vector<std::string> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(path).parent_path())) {
      const std::string file = entry.path().string();
      if (file.starts_with(path) && file.ends_with(".events")) found.push_back(file);
    }
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? std::string() : found.front();
  }

  TemporaryFolder folder_;
  ScriptedEventbus bus_;
};

TEST_F(StorageFaults, ASpoolWhoseFolderComesLateIsUsedWithoutARestart) {
  bus_.hold();
  const std::string late = folder_.file("late");
  RunningGateway gateway(settings(late + "/spool.db"));
  expect_refused(gateway.post(cos_payload(2, "early-")));
  std::filesystem::create_directory(late);
  ASSERT_TRUE(spool_becomes(gateway, "ok"));
  EXPECT_EQ(gateway.post(cos_payload(2, "late-")).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 2u);
  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 2; }));
}

TEST_F(StorageFaults, ASpoolOnAReadOnlyFileSystemIsUsedWhenThatCanBeWritten) {
  const MountedFolder device(folder_.file("device"));
  if (!device.mounted()) GTEST_SKIP() << "this process may not mount a file system";
  ASSERT_TRUE(device.set_read_only(true));
  bus_.hold();
  RunningGateway gateway(settings(device.file("spool.db")));
  expect_refused(gateway.post(cos_payload(2, "early-")));
  ASSERT_TRUE(device.set_read_only(false));
  ASSERT_TRUE(spool_becomes(gateway, "ok"));
  EXPECT_EQ(gateway.post(cos_payload(2, "late-")).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 2u);
  bus_.release();
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 2; }));
  gateway.finish();
}

// A file system that turns read-only under a running gateway, as ext4 does after an error of its
// device, and is mounted again after a repair.
TEST_F(StorageFaults, AFileSystemThatTurnsReadOnlyUnderTheSpoolCostsNothingThatWasAcknowledged) {
  const std::string image = folder_.file("image");
  const std::string device = folder_.file("device");
  std::filesystem::create_directory(device);
  std::ofstream(image).close();
  std::filesystem::resize_file(image, std::uint64_t{16} << 20);
  if (!works("mkfs.ext4 -q -F " + image) || !works("mount -o loop " + image + " " + device)) {
    GTEST_SKIP() << "this process may not mount a file system of its own";
  }
  struct Unmounting {
    ~Unmounting() { umount2(path.c_str(), MNT_DETACH); }
    std::string path;
  };
  const Unmounting first{device};
  bus_.hold();
  {
    RunningGateway gateway(settings(device + "/spool.db"));
    EXPECT_EQ(gateway.post(cos_payload(3, "before-")).status, 200u);
    static_cast<void>(works("mount -o remount,abort " + device));  // it says that it failed
    expect_refused(gateway.post(cos_payload(3, "while-")));
    expect_refused(gateway.post(cos_payload(3, "while-")));
    EXPECT_TRUE(spool_becomes(gateway, "failing"));
    EXPECT_EQ(gateway.snapshot().spooled, 3u);
    bus_.release();
    // What is in the spool can be read but not removed: it is sent, and sent again later.
    EXPECT_EQ(gateway.post(cos_payload(1, "direct-")).status, 200u);
  }
  ASSERT_EQ(umount2(device.c_str(), 0), 0);
  ASSERT_TRUE(works("mount -o loop " + image + " " + device));
  RunningGateway gateway(settings(device + "/spool.db"));
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed >= 3; }));
  bus_.hold();
  EXPECT_EQ(gateway.post(cos_payload(1, "after-")).status, 200u);
  EXPECT_EQ(gateway.snapshot().spooled, 1u);
  bus_.release();
  gateway.finish();
}

// As an operator does it who wants an empty spool for now, and the old events later.
TEST_F(StorageFaults, FilesThatWereMovedAwayAreDeliveredWhenTheyArePutBackBesideNewerOnes) {
  const std::string spool = folder_.file("spool.db");
  const std::string elsewhere = folder_.file("elsewhere");
  const auto keep = [&](const std::string& key) {
    RunningGateway gateway(settings(spool));
    EXPECT_EQ(gateway.post(cos_payload(3, key)).status, 200u);
    EXPECT_EQ(gateway.snapshot().spooled, 3u);
  };
  bus_.hold();
  keep("old-");
  const std::string old = only_segment(spool);
  std::filesystem::rename(old, elsewhere);
  keep("new-");
  std::filesystem::rename(elsewhere, old);
  bus_.release();
  RunningGateway gateway(settings(spool));
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 6; }));
  gateway.finish();
  EXPECT_THAT(rows(spool, StoreKind::spool), IsEmpty());
}

TEST_F(StorageFaults, WhatCanBeReadOfADamagedSpoolIsDelivered) {
  constexpr std::size_t kRecords = 200;
  const std::string spool = folder_.file("spool.db");
  bus_.go_down();
  {
    RunningGateway gateway(settings(spool));
    EXPECT_EQ(gateway.post(cos_payload(kRecords)).status, 200u);
  }
  const std::string segment = only_segment(spool);
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  const std::size_t size = std::filesystem::file_size(segment);
  ASSERT_GT(size, std::size_t{100'000});
  file.seekp(static_cast<std::streamoff>(size - 30'000));
  file << std::string(kPage, '\xA5') << std::flush;
  file.close();

  bus_.come_up();
  RunningGateway gateway(settings(spool));
  const auto damaged = [&] {
    return static_cast<std::size_t>(sample(gateway, "cos_gateway_spool_damaged_events_total"));
  };
  EXPECT_TRUE(
      gateway.wait_for([&](const Snapshot& now) { return now.replayed + damaged() == kRecords; }));
  EXPECT_GT(damaged(), 0u) << "the damage was to cost something";
  EXPECT_LT(damaged(), kRecords / 2);
  EXPECT_EQ(gateway.post(cos_payload(1, "after-")).status, 200u);
  const std::size_t lost = damaged();
  gateway.finish();
  EXPECT_THAT(rows(spool, StoreKind::spool), IsEmpty());
  const auto sent = cos_records(kRecords);
  const std::set<std::string> known(sent.begin(), sent.end());
  std::set<std::string> arrived;
  for (const Request& request : bus_.requests()) {
    if (request.accepted() && known.contains(request.body)) arrived.insert(request.body);
  }
  EXPECT_EQ(arrived.size(), kRecords - lost);
}

// --- Events that the eventbus always answers with a failure that may pass ---

class SpoolMaxAge : public StorageFaults {
 protected:
  [[nodiscard]] config::Settings aged() const {
    config::Settings settings = this->settings(folder_.file("spool.db"));
    settings.spool.max_age = 1ms;
    return settings;
  }
  // Spools two events; from then on the eventbus fails the first and takes all others.
  void spool_two(const RunningGateway& gateway) {
    bus_.hold();
    EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u);
    EXPECT_EQ(gateway.snapshot().spooled, 2u);
    bus_.script([](const Request& request) {
      const bool poison = request.body.find("object-0") != std::string::npos;
      return poison ? reply(503, {}, "not this one") : reply(200);
    });
    bus_.release();
  }
  // New events, until it has expired.
  [[nodiscard]] static bool traffic_until_expired(const RunningGateway& gateway) {
    return gateway.wait_for([&](const Snapshot& now) {
      if (now.expired != 0) return true;
      EXPECT_EQ(gateway.post(cos_payload(1, "new-")).status, 200u);
      return false;
    });
  }
};

TEST_F(SpoolMaxAge, AnOldEventThatAlwaysFailsBecomesADeadLetter) {
  auto both = aged();
  both.dead_letter.path = folder_.file("dead.db");
  RunningGateway gateway(both);
  spool_two(gateway);
  EXPECT_TRUE(traffic_until_expired(gateway));
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 2; }));
  gateway.finish();
  EXPECT_THAT(rows(both.spool.path, StoreKind::spool), IsEmpty());
  const auto letters = rows(both.dead_letter.path, StoreKind::dead_letters);
  ASSERT_THAT(letters, SizeIs(1));
  const auto& letter = letters[0].event;
  EXPECT_EQ(letters[0].key, "object-0");
  ASSERT_TRUE(letter.details);
  EXPECT_EQ(letter.details->reason, "expired");
  EXPECT_EQ(letter.details->status, 503u);
  EXPECT_EQ(letter.details->body, "not this one");
}

TEST_F(SpoolMaxAge, WithoutDeadLettersItIsCountedAndStays) {
  RunningGateway gateway(aged());
  spool_two(gateway);
  EXPECT_TRUE(traffic_until_expired(gateway));
  EXPECT_EQ(sample(gateway, "cos_gateway_events_expired_total"), 1);
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 1; }))
      << "it keeps the other one from being delivered";
  gateway.finish();
  EXPECT_THAT(rows(aged().spool.path, StoreKind::spool), SizeIs(1));
}

TEST_F(SpoolMaxAge, AnOutageExpiresNothing) {
  auto both = aged();
  both.dead_letter.path = folder_.file("dead.db");
  RunningGateway gateway(both);
  bus_.hold();
  EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u);
  bus_.script([](const Request&) { return reply(503); });
  const std::size_t before = bus_.requests().size();
  bus_.release();
  ASSERT_TRUE(bus_.wait_for_requests(before + std::size_t{2} * egress::SpoolExpiry::kAnswers + 8));
  EXPECT_EQ(gateway.snapshot().expired, 0u);
  bus_.script({});
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 2; }));
  EXPECT_EQ(gateway.snapshot().expired, 0u);
  gateway.finish();
  EXPECT_THAT(rows(both.dead_letter.path, StoreKind::dead_letters), IsEmpty());
}

}  // namespace
}  // namespace gateway::test
