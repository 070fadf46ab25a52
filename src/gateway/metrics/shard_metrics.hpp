#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/domain/eventbus_state.hpp"
#include "gateway/domain/outcome.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/metrics/counter.hpp"
#include "gateway/metrics/event_lag.hpp"
#include "gateway/metrics/table.hpp"

// What one shard counts. Written by the shard's thread alone, read by the control thread at a
// scrape: plain loads and stores, no locked instruction on the event path.
namespace gateway {

// What a shard counts of each entry of `buckets`, so that only buckets of the configuration become
// values of a label. Written by the shard's thread, read by any.
class BucketCounters {
 public:
  // Makes room for entries of these buckets, by number; before anything is counted or read.
  void make(std::vector<std::string> buckets) {
    names_ = std::move(buckets);
    if (!names_.empty()) rows_ = std::make_unique<Row[]>(names_.size());
  }
  // Returns the buckets, `name-appid`, by number of their entries.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

  // `route`: as Post::routes has it; 0 is counted nowhere.
  void add(std::uint16_t route, BucketOutcome outcome) noexcept {
    if (route != 0) rows_[route - 1].outcomes[outcome].add();
  }
  void arrived(std::uint16_t route, std::chrono::milliseconds since_1970) noexcept {
    if (route != 0) rows_[route - 1].last.set(static_cast<std::uint64_t>(since_1970.count()));
  }

  // Of the entry with this number, from 0.
  [[nodiscard]] std::uint64_t value(std::size_t entry, BucketOutcome outcome) const noexcept {
    return rows_[entry].outcomes[outcome].value();
  }
  // Returns when the last record of this entry arrived, in milliseconds since 1970; 0 if none did.
  [[nodiscard]] std::uint64_t last_arrival(std::size_t entry) const noexcept {
    return rows_[entry].last.value();
  }

 private:
  struct Row {
    PerReason<BucketOutcome, Counter> outcomes;
    Gauge last;
  };

  std::vector<std::string> names_;
  std::unique_ptr<Row[]> rows_;
};

// Durations in buckets that double from 128 us to 33.6 s, and one for longer ones: an observation
// is a shift and an add.
class Histogram {
 public:
  static constexpr std::size_t kBuckets = 20;  // the last one is +Inf
  // Upper bound of a bucket in seconds.
  [[nodiscard]] static constexpr double bound(std::size_t bucket) noexcept {
    return 128e-6 * static_cast<double>(std::uint64_t{1} << bucket);
  }

  void observe(std::chrono::nanoseconds duration, std::uint64_t times = 1) noexcept {
    const auto ns = duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
    // bit_width of (n-1) in units of the first bound: an exact bound falls into its own bucket.
    const std::uint64_t units = ns == 0 ? 0 : (ns - 1) / 128'000;
    const auto bucket = static_cast<std::size_t>(std::bit_width(units));
    counts_[bucket < kBuckets ? bucket : kBuckets - 1].add(times);
    sum_ns_.add(ns * times);
  }
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept {
    return counts_[bucket].value();
  }
  [[nodiscard]] std::uint64_t sum_ns() const noexcept { return sum_ns_.value(); }

 private:
  std::array<Counter, kBuckets> counts_;
  Counter sum_ns_;
};

// The counters of one shard, by the rows of table.hpp and what no row can say. On cache lines of
// its own, so that shards do not slow each other down.
struct alignas(64) ShardMetrics {
  static constexpr std::size_t kStatusCodes = 600;

  std::array<Counter, kStatusCodes> posts;  // by the status they were answered with
#define COS_GATEWAY_COUNTER(member, sum, help) Counter member;
#define COS_GATEWAY_COUNTER_BY(member, sum, Enum, label, help) PerReason<Enum, Counter> member;
#define COS_GATEWAY_GAUGE(member, sum, help) Gauge member;
#define COS_GATEWAY_GAUGE_BY(member, sum, Enum, label, help) PerReason<Enum, Gauge> member;
#define COS_GATEWAY_HISTOGRAM(member, sum, help) Histogram member;
  COS_GATEWAY_METRICS(COS_GATEWAY_COUNTER, COS_GATEWAY_COUNTER_BY, COS_GATEWAY_COUNTER,
                      COS_GATEWAY_COUNTER_BY, COS_GATEWAY_GAUGE, COS_GATEWAY_GAUGE_BY,
                      COS_GATEWAY_HISTOGRAM)
#undef COS_GATEWAY_COUNTER
#undef COS_GATEWAY_COUNTER_BY
#undef COS_GATEWAY_GAUGE
#undef COS_GATEWAY_GAUGE_BY
#undef COS_GATEWAY_HISTOGRAM
  BucketCounters buckets;
  PerReason<EventKind, LagHistogram> event_lag;  // of a sample of the acknowledged events
  std::atomic<std::int64_t> heartbeat_ns{0};     // steady clock, of the loop's last tick

  // Returns the events whose outcome is known. On the shard's thread.
  [[nodiscard]] std::uint64_t settled() const noexcept {
    std::uint64_t settled = 0;
#define COS_GATEWAY_OUTCOME(member, sum, help) settled += member.value();
#define COS_GATEWAY_OUTCOME_BY(member, sum, Enum, label, help) settled += member.total();
#define COS_GATEWAY_OTHER(...)
    COS_GATEWAY_METRICS(COS_GATEWAY_OUTCOME, COS_GATEWAY_OUTCOME_BY, COS_GATEWAY_OTHER,
                        COS_GATEWAY_OTHER, COS_GATEWAY_OTHER, COS_GATEWAY_OTHER, COS_GATEWAY_OTHER)
#undef COS_GATEWAY_OUTCOME
#undef COS_GATEWAY_OUTCOME_BY
#undef COS_GATEWAY_OTHER
    return settled;
  }
};

}  // namespace gateway
