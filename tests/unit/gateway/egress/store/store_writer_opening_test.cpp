// A store that cannot be opened when its writer begins.
#include <gtest/gtest.h>

#include <atomic>

#include "support.hpp"
#include "told.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;

StoreWriter::Limits quick() {
  StoreWriter::Limits limits;
  limits.retry_initial = limits.retry_max = 1ms;
  return limits;
}

StoreWriter::Opening opening_of(const std::string& path) {
  return [path] { return EventStore::open(path, 64 * kMiB, StoreKind::spool); };
}

TEST(StoreWriterOpening, TakesNothingUntilTheStoreCanBeOpenedAndThenAll) {
  const Directory directory;
  const std::string folder = directory.file("late");
  const auto opening = opening_of(folder + "/spool.db");
  const auto failed = opening();
  ASSERT_FALSE(failed);
  StoreWriter writer(failed.error(), opening, quick());
  EXPECT_EQ(writer.state(), StoreState::failing);
  EXPECT_NE(writer.status().error, "");
  EXPECT_FALSE(append(writer, events(0, 1)));
  EXPECT_TRUE(writer.give_back(0, {1}));
  EXPECT_FALSE(remove(writer, {1}));
  EXPECT_FALSE(try_fetch(writer, 1)) << "told, although there is no store";

  std::filesystem::create_directory(folder);
  ASSERT_TRUE(soon([&] { return writer.state() == StoreState::ok; }));
  EXPECT_EQ(writer.status().error, "");
  EXPECT_TRUE(append(writer, events(1, 2)));
  EXPECT_EQ(ids(fetch(writer, 10)), ids(1, 2));
}

TEST(StoreWriterOpening, FindsWhatTheStoreHeld) {
  const Directory directory;
  ASSERT_TRUE(open(directory.file())->append(events(0, 3), kAdded));
  std::atomic<int> failures{3};
  StoreWriter writer(
      {StoreError::Kind::unusable, "not yet"},
      [&]() -> StoreOutcome<std::unique_ptr<EventStore>> {
        if (failures-- > 0) return StoreError(StoreError::Kind::unusable, "not yet");
        return EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
      },
      quick());
  ASSERT_TRUE(soon([&] { return writer.state() == StoreState::ok; }));
  EXPECT_EQ(writer.backlog(), 3U);
  EXPECT_EQ(ids(fetch(writer, 10)), ids(0, 3));
}

TEST(StoreWriterOpening, WaitsForAnotherProcessThatTookTheStoreMeanwhile) {
  const Directory directory;
  Child other([&] {
    static auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool);
    return static_cast<bool>(store);
  });
  ASSERT_TRUE(other.said_so());
  StoreWriter writer({StoreError::Kind::unusable, "not yet"}, opening_of(directory.file()),
                     quick());
  ASSERT_TRUE(soon([&] { return writer.status().error.find("in use") != std::string::npos; }));
  EXPECT_EQ(writer.state(), StoreState::failing);
  EXPECT_FALSE(append(writer, events(0, 1)));
  other.kill();
  ASSERT_TRUE(soon([&] { return writer.state() == StoreState::ok; }));
  EXPECT_TRUE(append(writer, events(0, 1)));
}

TEST(StoreWriterOpening, CanBeStoppedWhileItWaits) {
  StoreWriter::Limits limits;
  limits.retry_initial = limits.retry_max = 1h;
  StoreWriter writer({StoreError::Kind::unusable, "never"}, opening_of("/nowhere/at/all.db"),
                     limits);
  writer.stop();
  EXPECT_FALSE(writer.fetch({0, 1, 1}, [](const auto&) {}));
}

TEST(StoreWriterOpening, GrowsItsPausesUpToTheBound) {
  std::vector<Instant> at;
  std::promise<void> enough;
  StoreWriter::Limits limits;
  limits.retry_initial = 2ms;
  limits.retry_max = 20ms;
  StoreWriter writer(
      {StoreError::Kind::unusable, "not yet"},
      [&]() -> StoreOutcome<std::unique_ptr<EventStore>> {
        at.push_back(std::chrono::steady_clock::now());
        if (at.size() == 7) enough.set_value();
        return StoreError(StoreError::Kind::unusable, "not yet");
      },
      limits);
  ASSERT_EQ(enough.get_future().wait_for(kPatience), std::future_status::ready);
  writer.stop();
  // No pause is shorter than it should be; how much longer is the machine's affair.
  for (std::size_t n = 4; n < 7; ++n) EXPECT_GE(at[n] - at[n - 1], 20ms);
  EXPECT_GE(at[1] - at[0], 4ms);
}

}  // namespace
}  // namespace gateway::egress
