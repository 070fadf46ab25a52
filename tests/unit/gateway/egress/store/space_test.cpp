// The space of removed events comes back, also where others beside them stay.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <random>

#include "support.hpp"
#include "support/simulated_disk.hpp"

namespace gateway::egress {
namespace {

using namespace test;
using gateway::test::SimulatedDisk;
using DiskCall = SimulatedDisk::Call;

constexpr std::uint64_t kRoom = 4 * kMiB;
constexpr std::size_t kData = 1000;
constexpr Sequence kStaysEvery = 100;

// Appends until there is no room. Returns how many events there are then.
int fill(EventStore& store) {
  int count = 0;
  while (store.append(events(count + 1, 50, kData), kAdded)) count += 50;
  return count;
}

std::vector<Sequence> all_but_a_few(int count) {
  std::vector<Sequence> rows;
  for (Sequence row = 1; row <= count; ++row) {
    if (row % kStaysEvery != 0) rows.push_back(row);
  }
  return rows;
}
std::vector<std::string> the_few(int count) {
  std::vector<std::string> ids;
  for (Sequence row = kStaysEvery; row <= count; row += kStaysEvery) {
    ids.push_back(fmt::format("id-{}", row));
  }
  return ids;
}

void look(EventStore& store) {
  for (int looks = 0; looks < 3; ++looks) ASSERT_TRUE(store.look(true));
}

std::uint64_t blocks_of(const Directory& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    struct stat about{};
    stat(entry.path().c_str(), &about);
    bytes += static_cast<std::uint64_t>(about.st_blocks) * 512;
  }
  return bytes;
}

TEST(Space, ComesBackThoughAFewEventsStayInEveryFile) {
  const Directory directory;
  auto store = open(directory.file(), kRoom);
  const int count = fill(*store);
  ASSERT_GT(count, 3000);
  ASSERT_TRUE(store->remove(all_but_a_few(count)));
  EXPECT_FALSE(store->append(events(count + 1, 50, kData), kAdded)) << "no file is drained";
  look(*store);
  EXPECT_LT(blocks_of(directory), kRoom / 4);
  ASSERT_TRUE(store->append(events(count + 1, 1500, kData), kAdded)) << "there is room again";
  store.reset();
  store = open(directory.file(), kRoom);
  auto expected = the_few(count);
  for (int n = count + 1; n <= count + 1500; ++n) expected.push_back(fmt::format("id-{}", n));
  EXPECT_EQ(ids(all_rows(*store)), expected);
  EXPECT_EQ(store->totals().rows, expected.size());
  EXPECT_TRUE(store->append(events(count + 1501, 500, kData), kAdded)) << "the same after a start";
}

class SpaceOnADisk : public testing::Test {
 protected:
  SpaceOnADisk() { disk_.make_folder("/d"); }
  [[nodiscard]] static std::unique_ptr<EventStore> open_on(SimulatedDisk& disk) {
    return open("/d/spool.db", kRoom, StoreKind::spool, disk);
  }
  [[nodiscard]] static std::size_t damaged(EventStore& store) {
    const auto chunk = store.read(0, 100'000, kRoom);
    EXPECT_TRUE(chunk && chunk->end);
    return chunk ? chunk->damaged.size() : 0;
  }

  SimulatedDisk disk_;
};

TEST_F(SpaceOnADisk, ComesBackOnAFullDevice) {
  disk_.set_capacity(kRoom / 2);
  auto store = open_on(disk_);
  const int count = fill(*store);
  ASSERT_TRUE(store->remove(all_but_a_few(count)));
  look(*store);
  EXPECT_LT(disk_.used(), kRoom / 8);
  EXPECT_TRUE(store->append(events(count + 1, 500, kData), kAdded));
}

TEST_F(SpaceOnADisk, CostsNothingWhereverThePowerIsCut) {
  std::mt19937_64 random(7);
  for (std::uint64_t cut = 1;; cut += 1 + cut / 4) {
    SCOPED_TRACE(cut);
    SimulatedDisk disk;
    disk.make_folder("/d");
    auto store = open_on(disk);
    const int count = fill(*store);
    ASSERT_TRUE(store->remove(all_but_a_few(count)));
    ASSERT_TRUE(store->look(true));
    ASSERT_TRUE(store->look(true));
    const std::uint64_t before = disk.changes();
    disk.cut_power_at(cut);
    static_cast<void>(store->look(true));
    const bool through = disk.changes() < before + cut;
    store->abandon();
    store.reset();
    const auto after = disk.after_power_cut(random);
    store = open_on(*after);
    ASSERT_TRUE(store);
    EXPECT_EQ(damaged(*store), 0U);
    const auto left = ids(all_rows(*store));
    for (const std::string& id : the_few(count)) {
      EXPECT_TRUE(std::ranges::find(left, id) != left.end()) << id;
    }
    store.reset();  // before its disk
    if (through) break;
  }
}

TEST_F(SpaceOnADisk, IsNotAskedForAgainWhereItCannotBeHad) {
  int asked = 0;
  disk_.plan([&](DiskCall call, const std::string&) {
    if (call != DiskCall::punch) return 0;
    ++asked;
    return EOPNOTSUPP;
  });
  const auto store = open_on(disk_);
  const int count = fill(*store);
  ASSERT_TRUE(store->remove(all_but_a_few(count)));
  for (int looks = 0; looks < 5; ++looks) look(*store);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(ids(all_rows(*store)), the_few(count));
}

TEST_F(SpaceOnADisk, OfDamagedEventsStaysUntilTheyAreDiscarded) {
  auto store = open_on(disk_);
  const int count = fill(*store);
  store.reset();
  const std::string file = disk_.files().front();
  disk_.flip(file, disk_.contents(file).find("id-150\"") + 200, 3);
  store = open_on(disk_);
  ASSERT_EQ(damaged(*store), 1U);
  ASSERT_TRUE(store->remove([&] {
    auto rows = all_but_a_few(count);
    std::erase(rows, 150);
    return rows;
  }()));
  look(*store);
  EXPECT_LT(disk_.used(), kRoom / 4);
  EXPECT_EQ(damaged(*store), 1U);
  EXPECT_EQ(ids(all_rows(*store)), the_few(count));
}

// A file that is being drained is deleted soon.
TEST_F(SpaceOnADisk, IsTakenWhereNothingIsBeingRemoved) {
  int punched = 0;
  disk_.plan([&](DiskCall call, const std::string&) {
    punched += call == DiskCall::punch ? 1 : 0;
    return 0;
  });
  const auto store = open_on(disk_);
  const int count = fill(*store);
  const auto rows = all_but_a_few(count);
  for (std::size_t from = 0; from + 300 < rows.size(); from += 300) {
    ASSERT_TRUE(store->remove(std::span(rows).subspan(from, 300)));
    ASSERT_TRUE(store->look(true));
  }
  const int while_removing = punched;
  look(*store);
  EXPECT_GT(punched, while_removing);
}

}  // namespace
}  // namespace gateway::egress
