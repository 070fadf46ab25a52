// What comes back of a damaged file: whatever can be read, as it was, once.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "faulty_device.hpp"
#include "gateway/egress/store/damaged_file.hpp"
#include "support.hpp"
#include "told.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr std::size_t kPage = 16384;

// Wide rows, so that there are many pages and several below an inner one.
constexpr int kRows = 300;
constexpr std::size_t kData = 3000;

std::string sample_file() {
  const Directory directory;
  auto store = open(directory.file());
  EXPECT_TRUE(store->append(events(0, kRows, kData), kAdded));
  store.reset();
  return contents(directory.file());
}

// Salvages to the end; how many rows the steps say they saved.
std::size_t salvage_all(EventStore& store, std::optional<SalvageStep>* last = nullptr) {
  std::size_t rows = 0;
  for (int steps = 0; store.salvage_due(); ++steps) {
    const auto step = store.salvage();
    EXPECT_TRUE(step) << step.error().text();
    if (!step || steps == 10'000) return rows;
    rows += step->rows;
    if (last != nullptr && step->finished) *last = *step;
  }
  return rows;
}

// Every row is one of those that were put in, unaltered, and there once.
void expect_genuine(const std::vector<StoredRow>& rows) {
  std::set<std::string> seen;
  for (const StoredRow& row : rows) {
    EXPECT_TRUE(seen.insert(row.event.id).second) << row.event.id << " came twice";
    const StoredEvent expected = event(std::stoi(row.event.id.substr(3)), kData);
    EXPECT_EQ(row.event.json, expected.json);
    EXPECT_EQ(row.added, kAdded);
  }
}
// Likewise, of rows that were not read to be sent: with all that is known of them.
void expect_whole(const std::vector<StoredRow>& rows) {
  expect_genuine(rows);
  for (const StoredRow& row : rows) {
    const StoredEvent expected = event(std::stoi(row.event.id.substr(3)), kData);
    EXPECT_EQ(row.event.key, expected.key);
    EXPECT_EQ(row.event.bucket, expected.bucket);
  }
}

// Rows in the store that these bytes lead to, with what was saved of them.
std::size_t rows_after(const std::string& bytes) {
  const Directory directory;
  write_file(directory.file(), bytes);
  const auto store = open(directory.file());
  if (!store) return 0;
  const std::size_t aside = store->moved_aside().size();
  const std::size_t saved = salvage_all(*store);
  const auto rows = all_rows(*store);
  expect_whole(rows);
  if (aside != 0 && store->moved_aside().size() == aside) {
    EXPECT_EQ(rows.size(), saved);
    EXPECT_EQ(store->totals()->rows, saved);
  }
  EXPECT_TRUE(store->append(events(1000, 1), kAdded));
  return rows.size();
}

TEST(EventStoreSalvage, SavesTheRowsOfAllPagesButTheBadOne) {
  const std::string file = sample_file();
  const std::size_t pages = file.size() / kPage;
  ASSERT_GT(pages, 50U);
  std::size_t most_lost = 0;
  std::size_t poor = 0;
  for (std::size_t page = 1; page < pages; ++page) {
    SCOPED_TRACE(page);
    std::string damaged = file;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(page * kPage), kPage, '\xA5');
    const std::size_t lost = kRows - rows_after(damaged);
    most_lost = std::max(most_lost, lost == kRows ? 0 : lost);
    poor += lost > 10 ? 1 : 0;
  }
  EXPECT_GT(most_lost, 0U);
  EXPECT_LE(poor, 2U) << "only the inner pages cost more than their own rows";
}

TEST(EventStoreSalvage, SavesTheBeginningOfATruncatedFile) {
  const std::string file = sample_file();
  for (const std::size_t part : {2U, 4U, 8U}) {
    SCOPED_TRACE(part);
    const std::size_t size = file.size() / kPage / part * kPage;
    const std::size_t saved = rows_after(file.substr(0, size));
    EXPECT_GT(saved, kRows / part / 2);
    EXPECT_LE(saved, kRows / part);
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, kPage}) {
    SCOPED_TRACE(size);
    EXPECT_EQ(rows_after(file.substr(0, size)), 0U);
  }
}

TEST(EventStoreSalvage, NothingThatComesOutDiffersFromWhatWasPutIn) {
  const std::string file = sample_file();
  const std::size_t pages = file.size() / kPage;
  std::mt19937 random(20260103);
  std::size_t whole = 0;
  std::size_t rows = 0;
  for (std::size_t page = 0; page < pages; ++page) {
    SCOPED_TRACE(page);
    std::string damaged = file;
    // The head of a page is where its structure is.
    for (int flips = 1 + static_cast<int>(page % 4); flips > 0; --flips) {
      const std::size_t at = page * kPage + random() % (flips % 2 == 0 ? 64 : kPage);
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    }
    const std::size_t found = rows_after(damaged);
    rows += found;
    whole += found == kRows ? 1 : 0;
  }
  EXPECT_LT(whole, pages) << "some must have been noticed";
  EXPECT_GT(rows, pages * kRows / 2);
}

TEST(EventStoreSalvage, SavesDeadLettersWithAllThatIsKnownOfThem) {
  const Directory directory;
  std::vector<StoredRow> before;
  {
    const auto store = open(directory.file(), 64 * kMiB, StoreKind::dead_letters);
    std::vector<StoredEvent> letters = events(0, 50, kData);
    for (StoredEvent& letter : letters) {
      auto& details = letter.details.emplace();
      details.attempts = 3;
      details.status = 422;
      details.reason = "refused";
      details.endpoint = "http://eventbus/";
      details.body = "no";
      details.first = details.last = kAdded;
    }
    ASSERT_TRUE(store->append(letters, kAdded));
    before = all_rows(*store);
    ASSERT_TRUE(store->mark_replayed(std::vector{before[49].seq}, kAdded + 1h));
  }
  std::string bytes = contents(directory.file());
  const std::size_t at = bytes.find(std::string(kData, 'f'));  // the sixth
  ASSERT_NE(at, std::string::npos);
  const std::size_t page = at / kPage * kPage;
  bytes.replace(page, 8, 8, '\xFF');
  write_file(directory.file(), bytes);
  const auto store = open(directory.file(), 64 * kMiB, StoreKind::dead_letters);
  ASSERT_EQ(store->moved_aside().size(), 1U);
  EXPECT_GT(salvage_all(*store), 30U);
  const auto after = all_rows(*store);
  ASSERT_FALSE(after.empty());
  ASSERT_TRUE(after.back().event.details);
  EXPECT_EQ(after.back().event.details->status, 422U);
  EXPECT_EQ(after.back().event.details->body, "no");
  EXPECT_EQ(after.back().event.id, "id-49");
  EXPECT_EQ(after.back().replayed, kAdded + 1h);
  EXPECT_FALSE(after.front().replayed);
  EXPECT_EQ(store->totals_by_reason()->at("refused").rows, after.size());
}

// A file whose first leaf of rows is bad.
std::string damaged_sample() {
  std::string file = sample_file();
  const std::size_t at = file.find(std::string(kData, 'c'));
  EXPECT_NE(at, std::string::npos);
  file.replace(at / kPage * kPage, 8, 8, '\xFF');
  return file;
}

TEST(EventStoreSalvage, SaysWhatWasSavedAndLost) {
  const Directory directory;
  write_file(directory.file(), damaged_sample());
  const auto store = open(directory.file());
  ASSERT_TRUE(store->salvage_due());
  std::optional<SalvageStep> last;
  const std::size_t saved = salvage_all(*store, &last);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->finished->rows, saved);
  EXPECT_EQ(last->finished->bytes, store->totals()->bytes);
  std::uint64_t all = 0;
  for (int n = 0; n < kRows; ++n) all += event(n, kData).bytes();
  EXPECT_EQ(last->finished->bytes + last->bytes_lost, all);
}

TEST(EventStoreSalvage, GoesOnInTheNextProcessAndSavesNothingTwice) {
  const Directory directory;
  write_file(directory.file(), damaged_sample());
  std::size_t saved = 0;
  int opened = 0;
  for (bool due = true; due && opened < 1000; ++opened) {
    const auto store = open(directory.file());
    ASSERT_TRUE(store);
    due = store->salvage_due();
    if (!due) break;
    const auto step = store->salvage();
    ASSERT_TRUE(step);
    saved += step->rows;
  }
  EXPECT_GT(opened, 1);
  const auto store = open(directory.file());
  const auto rows = all_rows(*store);
  EXPECT_EQ(rows.size(), saved);
  EXPECT_GT(saved, kRows - 20U);
  expect_whole(rows);
}

TEST(EventStoreSalvage, SavesNothingTwiceOnADeviceThatFails) {
  const std::string file = damaged_sample();
  for (unsigned first = 1; first <= 12; ++first) {
    SCOPED_TRACE(first);
    const Directory directory;
    write_file(directory.file(), file);
    FaultyDevice device;
    const auto store = open(directory.file());
    device.fail({FaultyDevice::Call::sync, "-wal", first, 1 + first % 3, 0});
    for (int steps = 0; store->salvage_due() && steps < 1000; ++steps) {
      static_cast<void>(store->salvage());
    }
    EXPECT_FALSE(store->salvage_due());
    const auto rows = all_rows(*store);
    expect_whole(rows);
    EXPECT_GT(rows.size(), kRows - 20U);
    EXPECT_EQ(store->totals()->rows, rows.size());
  }
}

TEST(EventStoreSalvage, WaitsWhileTheStoreHasNoRoom) {
  const Directory directory;
  write_file(directory.file(), damaged_sample());
  const auto store = open(directory.file(), kMiB / 2);
  StoreOutcome<SalvageStep> step = SalvageStep();
  std::vector<std::string> removed;
  for (int steps = 0; store->salvage_due() && steps < 1000; ++steps) {
    step = store->salvage();
    if (step) continue;
    ASSERT_EQ(step.error().kind(), StoreError::Kind::full);
    const auto rows = all_rows(*store);
    if (rows.empty()) break;
    for (const StoredRow& row : rows) removed.push_back(row.event.id);
    ASSERT_TRUE(store->remove(seqs(rows)));
  }
  EXPECT_TRUE(store->moved_aside().size() == 1);
  const std::set<std::string> distinct(removed.begin(), removed.end());
  EXPECT_EQ(distinct.size(), removed.size());
}

TEST(StoreWriterSalvage, GivesTheSavedRowsToTheReplayBesideNewOnes) {
  const Directory directory;
  write_file(directory.file(), damaged_sample());
  StoreWriter writer(open(directory.file()));
  ASSERT_TRUE(append(writer, events(1000, 1, kData)));
  std::vector<StoredRow> got;
  ASSERT_TRUE(soon([&] {
    for (auto& row : fetch(writer, 100)) got.push_back(std::move(row));
    return writer.status().salvaged + 1 == got.size() && got.size() > kRows - 20U;
  }));
  EXPECT_EQ(writer.status().backlog_rows, got.size());
  EXPECT_EQ(std::erase_if(got, [](const StoredRow& row) { return row.event.id == "id-1000"; }), 1U);
  expect_genuine(got);
  EXPECT_EQ(writer.status().moved_aside, 1U);
}

}  // namespace
}  // namespace gateway::egress
