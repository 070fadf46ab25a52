#include "gateway/egress/segments/record_reader.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/simulated_disk.hpp"
#include "unit/gateway/egress/store/support.hpp"

namespace gateway::egress {
namespace {

using namespace test;
using gateway::test::SimulatedDisk;

constexpr int kEvents = 20;

std::string records(int count = kEvents, std::size_t data = 100) {
  std::string bytes;
  for (int n = 0; n < count; ++n) append_record(bytes, event(n, data), n + 1, 1, kAdded);
  return bytes;
}

struct Found {
  std::set<Sequence> intact;
  std::set<Sequence> damaged;
};
Found read_all(const std::string& bytes, Sequence first = 1) {
  SimulatedDisk disk;
  disk.make_folder("/d");
  disk.set_contents("/d/f", bytes);
  const auto file = disk.open("/d/f", FileSystem::Mode::read);
  RecordReader reader(**file, {0, bytes.size(), first, 1000, false});
  Found found;
  for (RecordReader::Record record;;) {
    EXPECT_TRUE(reader.next(record));
    if (record.seq == 0) return found;
    if (record.intact) {
      EXPECT_EQ(json_of(record.payload), event(static_cast<int>(record.seq) - 1).json);
      EXPECT_EQ(record.added, kAdded);
    }
    EXPECT_TRUE((record.intact ? found.intact : found.damaged).insert(record.seq).second);
  }
}

TEST(RecordReader, ReadsWhatWasWritten) {
  const Found found = read_all(records());
  EXPECT_EQ(found.intact.size(), std::size_t{kEvents});
  EXPECT_TRUE(found.damaged.empty());
  EXPECT_EQ(*read_all(records(), 8).intact.begin(), 8);
}

TEST(RecordReader, KeepsEverythingAboutADeadLetter) {
  StoredEvent dead = event(1);
  auto& details = dead.details.emplace();
  details.attempts = 3;
  details.status = 422;
  details.reason = "refused";
  details.endpoint = "http://bus";
  details.body = std::string("a\0b", 3);
  details.first = kAdded;
  details.last = kAdded + std::chrono::seconds(1);
  std::string bytes;
  append_record(bytes, dead, 7, 7, kAdded);
  const auto head = read_record_head(bytes);
  ASSERT_TRUE(head);
  const auto payload = std::string_view(bytes).substr(kRecordHeadSize);
  ASSERT_TRUE(is_intact(*head, payload));
  const StoredEvent again = event_of(payload);
  EXPECT_EQ(again.json, dead.json);
  ASSERT_TRUE(again.details);
  EXPECT_EQ(again.details->attempts, 3U);
  EXPECT_EQ(again.details->status, 422U);
  EXPECT_EQ(again.details->reason, "refused");
  EXPECT_EQ(again.details->endpoint, "http://bus");
  EXPECT_EQ(again.details->body, details.body);
  EXPECT_EQ(again.details->first, details.first);
  EXPECT_EQ(again.details->last, details.last);
}

// Whichever bit is another one, no more than the record it is in is lost, and that is told.
TEST(RecordReader, LosesNoMoreThanTheRecordABitIsWrongIn) {
  const std::string bytes = records(5);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string wrong = bytes;
    wrong[bit / 8] ^= static_cast<char>(1U << bit % 8);
    const Found found = read_all(wrong);
    EXPECT_GE(found.intact.size(), 4U) << "bit " << bit;
    EXPECT_LE(found.intact.size() + found.damaged.size(), 5U);
    // Behind the last record there is nothing that would tell that its head is missing.
    if (found.intact.contains(5)) {
      EXPECT_EQ(found.damaged.size(), 1U) << "bit " << bit;
    }
  }
}

TEST(RecordReader, EndsWhereTheFileWasCut) {
  const std::string bytes = records(3);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const Found found = read_all(bytes.substr(0, size));
    std::size_t whole = 0;
    while (whole < 3 && records(static_cast<int>(whole) + 1).size() <= size) ++whole;
    EXPECT_EQ(found.intact.size(), whole) << size;
    EXPECT_TRUE(found.damaged.empty());
  }
}

TEST(RecordReader, FindsRecordsBehindAHole) {
  std::string bytes = records();
  const std::size_t hole = records(3).size();
  const std::size_t size = records(5).size() + 10 - hole;
  bytes.insert(records(8).size(), std::string(700'000, '\0'));
  bytes.replace(hole, size, std::string(size, '\0'));
  const Found found = read_all(bytes);
  EXPECT_EQ(found.damaged, (std::set<Sequence>{4, 5, 6}));
  EXPECT_EQ(found.intact.size(), std::size_t{kEvents} - 3);
}

TEST(RecordReader, PassesOverPagesThatCannotBeRead) {
  SimulatedDisk disk;
  disk.make_folder("/d");
  const std::string bytes = records(200, 1000);
  disk.set_contents("/d/f", bytes);
  const auto file = disk.open("/d/f", FileSystem::Mode::read);
  // What reads more than a page fails, and so does each third page.
  int page = 0;
  disk.plan([&](SimulatedDisk::Call call, const std::string&) {
    if (call != SimulatedDisk::Call::read) return 0;
    return page++ % 4 == 0 ? EIO : 0;
  });
  RecordReader reader(**file, {0, bytes.size(), 1, 1000, false});
  std::size_t intact = 0;
  std::size_t damaged = 0;
  for (RecordReader::Record record;;) {
    ASSERT_TRUE(reader.next(record));
    if (record.seq == 0) break;
    ++(record.intact ? intact : damaged);
  }
  EXPECT_GT(intact, 50U);
  EXPECT_GT(damaged, 20U);
  disk.plan([](SimulatedDisk::Call, const std::string&) { return EIO; });
  RecordReader dead(**file, {0, bytes.size(), 1, 1000, false});
  RecordReader::Record record;
  EXPECT_FALSE(dead.next(record)) << "a device that gives nothing is no damage";
}

TEST(RecordReader, PassesOverWhatTheDeviceDoesNotGive) {
  SimulatedDisk disk;
  disk.make_folder("/d");
  const std::string bytes = records(5);
  ASSERT_LT(bytes.size(), 4096U);
  disk.set_contents("/d/f", bytes);
  disk.spoil_page("/d/f", 0);
  const auto file = disk.open("/d/f", FileSystem::Mode::read);
  RecordReader reader(**file, {0, bytes.size(), 1, 6, true});
  RecordReader::Record record;
  EXPECT_FALSE(reader.next(record)) << "it may be given the next time";
  reader.pass_over_unreadable();
  for (Sequence seq = 1; seq < 6; ++seq) {
    ASSERT_TRUE(reader.next(record));
    EXPECT_EQ(record.seq, seq);
    EXPECT_FALSE(record.intact);
  }
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.seq, 0);
  EXPECT_TRUE(reader.missed_pages());
}

}  // namespace
}  // namespace gateway::egress
