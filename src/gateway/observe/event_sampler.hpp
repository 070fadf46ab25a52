#pragma once
#include <algorithm>
#include <cstdint>

#include "events/cos_record.hpp"
#include "gateway/domain/settlement_observer.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/observe/event_feed.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "runtime/clock.hpp"

namespace gateway::observe {

// How many samples may be taken so that there are at most so many a second. What is not used within
// a second is lost.
class SampleAllowance {
 public:
  explicit constexpr SampleAllowance(unsigned per_second) noexcept
      : every_(std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second), most_(per_second) {}

  // Since the last call. The first one gives one.
  [[nodiscard]] unsigned take(Instant now) noexcept {
    if (next_ == Instant()) next_ = now;
    if (now < next_) return 0;
    const auto due = static_cast<std::uint64_t>((now - next_) / every_) + 1;
    next_ = due > most_ ? now + every_ : next_ + every_ * static_cast<std::int64_t>(due);
    return static_cast<unsigned>(std::min<std::uint64_t>(due, most_));
  }

 private:
  std::chrono::nanoseconds every_;
  unsigned most_;
  Instant next_;
};

// One shard's eye on its events. A few a second are read again as they are settled: for the lag of
// events, for those who watch, and, of events that fail, for the list of failures. The others cost
// a test of a number that is zero. Lives on the shard's thread.
class EventSampler final : public SettlementObserver {
 public:
  static constexpr unsigned kLagsPerSecond = 5;
  static constexpr unsigned kWatchedPerSecond = 20;
  static constexpr unsigned kFailuresPerSecond = 20;

  // All outlive it.
  EventSampler(const Clock& clock, ShardMetrics& metrics, EventFeed& feed) noexcept
      : clock_(clock), metrics_(metrics), feed_(feed) {}

  // Every tick of the shard: says how many events the ledger is to show until the next.
  void tick(Instant now, Ledger& ledger);

  void settled(const EventSlot& slot, Outcome outcome, unsigned status,
               std::string_view reason) override;

 private:
  const Clock& clock_;
  ShardMetrics& metrics_;
  EventFeed& feed_;
  events::CosRecordReader reader_;
  SampleAllowance lags_{kLagsPerSecond};
  SampleAllowance watched_events_{kWatchedPerSecond};
  SampleAllowance failures_{kFailuresPerSecond};
  bool watched_ = false;
};

}  // namespace gateway::observe
