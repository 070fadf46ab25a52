#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "gateway/domain/eventbus_state.hpp"
#include "gateway/domain/outcome.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/metrics/counter.hpp"
#include "gateway/metrics/event_lag.hpp"

// What one shard counts. Written by the shard's thread alone, read by the control thread at a
// scrape: plain loads and stores, no locked instruction on the event path.
namespace gateway {

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

template <class Enum, class Cell>
class PerReason {
 public:
  [[nodiscard]] Cell& operator[](Enum reason) noexcept {
    return cells_[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] const Cell& operator[](Enum reason) const noexcept {
    return cells_[static_cast<std::size_t>(reason)];
  }
  static constexpr std::size_t size() noexcept { return static_cast<std::size_t>(Enum::count_); }

 private:
  std::array<Cell, static_cast<std::size_t>(Enum::count_)> cells_;
};

// A cache line of its own, so that shards do not slow each other down.
struct alignas(64) ShardMetrics {
  static constexpr std::size_t kStatusCodes = 600;

  std::array<Counter, kStatusCodes> posts;  // by the status they were answered with
  Counter posts_abandoned;                  // whose client was gone before the answer
  PerReason<AuthFailure, Counter> posts_unauthorized;
  PerReason<ConnectionLimit, Counter> connections_refused;
  Counter connections_shed;       // idle ones closed to make room
  Counter proxy_headers_refused;  // connections that began without one, or with a malformed one
  Counter accept_pauses;          // for want of descriptors or memory
  Counter records_received;
  Counter events_delivered;
  Counter events_dead_lettered;
  Counter events_spooled;
  Counter events_replayed;  // from the spool: delivered, or made dead letters
  Counter events_expired;   // from the spool: too old to be tried again
  PerReason<RetryReason, Counter> events_retried;
  PerReason<FailReason, Counter> events_failed;
  Counter tls_handshakes;   // of clients, complete
  Counter tls_resumptions;  // of those, the ones that went on with an earlier session
  PerReason<TlsFailure, Counter> tls_failures;
  Histogram post_duration;
  Histogram delivery_duration;
  PerReason<EventKind, LagHistogram> event_lag;  // of a sample of the acknowledged events
  Histogram loop_lag;                            // how late the loop's ticks are
  Counter tap_events;                            // told to those who watch events

  Gauge unaccounted_records;  // received, and nobody knows what became of them: a bug
  Gauge queue_events;         // waiting, not yet on a connection
  Gauge queue_bytes;
  Gauge connections;  // of clients
  Gauge in_flight_bytes;
  PerReason<LinkState, Gauge> eventbus_connections;
  PerReason<EndpointState, Gauge> eventbus_state;  // 1 for the one it is in
  Gauge pipeline_depth;                       // requests each connection may have in flight, summed
  std::atomic<std::int64_t> heartbeat_ns{0};  // steady clock, of the loop's last tick
};

}  // namespace gateway

namespace gateway::observe {
using gateway::AuthFailure;
using gateway::ConnectionLimit;
using gateway::EndpointState;
using gateway::FailReason;
using gateway::LinkState;
using gateway::Outcome;
using gateway::RetryReason;
using gateway::ShardMetrics;
using gateway::TlsFailure;
}  // namespace gateway::observe
