#include "gateway/checkup/capacity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>
#include <string>

#include "gateway/egress/store/event_store.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::checkup {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

std::uint64_t sum_of(const std::vector<MemoryPart>& parts) {
  return std::accumulate(
      parts.begin(), parts.end(), std::uint64_t{0},
      [](std::uint64_t sum, const MemoryPart& part) { return sum + part.bytes; });
}

std::uint64_t memory_of(const config::Settings& settings, unsigned threads = 1, bool tls = false) {
  return sum_of(worst_memory(settings, threads, tls));
}

TEST(Memory, GrowsWithEveryBound) {
  const config::Settings base;
  const auto with = [](auto change) {
    config::Settings settings;
    change(settings);
    return memory_of(settings);
  };
  const std::uint64_t usual = memory_of(base);
  EXPECT_GT(usual, 2 * base.ingress.max_in_flight) << "buffers are up to twice their content";
  EXPECT_GT(with([](auto& s) { s.ingress.max_in_flight *= 2; }), usual);
  EXPECT_GT(with([](auto& s) { s.ingress.max_connections *= 2; }), usual);
  EXPECT_GT(with([](auto& s) { s.delivery.queue.events *= 2; }), usual);
  EXPECT_LT(with([](auto& s) { s.delivery.connections = 1; }), usual);
  EXPECT_GT(with([](auto& s) { s.ingress.tls.cert = "a"; }), usual);
  EXPECT_GT(with([](auto& s) { s.dead_letter.path = "a"; }), usual);
  EXPECT_GT(with([](auto& s) { s.spool.path = "a"; }),
            with([](auto& s) { s.dead_letter.path = "a"; }))
      << "a spool is replayed as well";
  EXPECT_GT(memory_of(base, 2), usual);
  EXPECT_GT(memory_of(base, 1, true), usual);
}

TEST(Memory, StandsTheLargestBounds) {
  config::Settings settings;
  settings.ingress.max_in_flight = std::size_t{1} << 40U;
  settings.ingress.max_connections = 1'000'000;
  settings.delivery.queue.events = 16'777'216;
  settings.delivery.connections = 1024;
  const auto parts = worst_memory(settings, 1024, true);
  EXPECT_GT(sum_of(parts), std::uint64_t{2} << 40U);
  EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end(),
                             [](const auto& a, const auto& b) { return a.bytes > b.bytes; }));
}

TEST(Memory, MoreThanThereIsIsAWarning) {
  const config::Settings settings;
  EXPECT_EQ(memory_finding(settings, 1, false, 0).verdict(), Verdict::ok) << "not known";
  EXPECT_EQ(memory_finding(settings, 1, false, std::uint64_t{64} << 30U).verdict(), Verdict::ok);
  const auto finding = memory_finding(settings, 1, false, 100 * kMiB);
  EXPECT_EQ(finding.verdict(), Verdict::warn);
  EXPECT_THAT(finding.text(), HasSubstr("this process may have 100 MiB"));
}

TEST(Outage, IsTheSpoolOverTheBytesASecond) {
  EXPECT_EQ(outage_carried(10 * kGiB, 1000, 1024), 6990s);
  EXPECT_EQ(outage_carried(0, 1000, 1024), 0s);
  EXPECT_GT(outage_carried(UINT64_MAX, 1, 1), 24h * 36'000) << "and no overflow";
  EXPECT_EQ(outage_carried(kGiB, UINT64_MAX, UINT64_MAX), 0s);
}

// What is said of the spool rests on it: neither too little, nor so much that it says nothing.
TEST(Outage, AnEventTakesOfTheStoreWhatIsTakenForGranted) {
  constexpr std::size_t kRecord = 1024;
  constexpr int kEvents = 4000;
  const test::TemporaryFolder folder;
  const std::string path = folder.file("spool.db");
  auto store = egress::EventStore::open(path, kGiB, egress::StoreKind::spool);
  ASSERT_TRUE(store);
  std::vector<egress::StoredEvent> events(kEvents);
  for (auto& event : events) {
    event.json = R"({"specversion":"1.0","id":")" + std::string(36, 'i') + R"(","source":")" +
                 "vanus-cos-source-function-9566534884964062890" +
                 R"(","type":"tencent-cloud-cos-event","time":"2026-01-02T03:04:05.678Z",)" +
                 R"("datacontenttype":"application/json","data":")" + std::string(kRecord, 'x') +
                 "\"}";
  }
  ASSERT_FALSE((*store)->append(events, WallInstant{}).has_error());
  const auto each = std::filesystem::file_size(path + ".0000000000000001.events") / kEvents;
  EXPECT_LE(each, kRecord + kStoredBesideRecord);
  EXPECT_GE(each, kRecord + kStoredBesideRecord / 2);
}

TEST(Outage, WithASpoolIsToldForUsualRatesOrTheOneAskedFor) {
  config::Settings settings;
  settings.spool.path = "/var/spool.db";
  ExpectedLoad load;
  EXPECT_EQ(outage_finding(settings, load, std::nullopt).text(),
            "of the eventbus; a spool of 10 GiB carries 19 h 25 min at 100 records/s, 1 h 56 min "
            "at 1,000 records/s, 11 min at 10,000 records/s, of 1 KiB each");
  load.rate = 50;
  load.record_bytes = 2048;
  EXPECT_EQ(outage_finding(settings, load, kGiB).text(),
            "of the eventbus; a spool of 1 GiB carries 2 h 19 min at 50 records/s, of 2 KiB each");
}

TEST(Outage, WithoutASpoolIsThePlatformsToBridge) {
  config::Settings settings;
  settings.ingress.public_url = "https://gw";
  EXPECT_EQ(outage_retried(settings.function), 5min) << "three invocations, two pauses";
  EXPECT_THAT(outage_finding(settings, {}, std::nullopt).text(),
              HasSubstr("the relay tries for 60 s an invocation, the platform 2 more times a "
                        "minute apart: about 5 min"));
  settings.function.timeout = 900s;
  EXPECT_EQ(outage_retried(settings.function), 47min);
  settings.function.max_age = 10min;
  EXPECT_EQ(outage_retried(settings.function), 25min) << "no repetition of what is too old";
  settings.function.retries = 0;
  EXPECT_EQ(outage_retried(settings.function), 15min);

  settings.function.code.emplace();
  EXPECT_THAT(outage_finding(settings, {}, std::nullopt).text(), HasSubstr("not the built-in"));
  settings.function.provision = false;
  const auto finding = outage_finding(settings, {}, std::nullopt);
  EXPECT_EQ(finding.verdict(), Verdict::warn);
  EXPECT_THAT(finding.text(), HasSubstr("their sender's to repeat"));
}

}  // namespace
}  // namespace gateway::checkup
