#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "gateway/observe/counter.hpp"
#include "gateway/observe/event_lag.hpp"

// What one shard counts. Written by the shard's thread alone, read by the control thread at a
// scrape: plain loads and stores, no locked instruction on the event path.
namespace gateway::observe {

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

// Why an attempt did not count as an acknowledgement and is made again.
enum class RetryReason : std::uint8_t {
  connection,  // refused, reset or closed before the answer
  timeout,     // no answer within delivery.timeout
  protocol,    // an answer that is not HTTP, or one too many
  http_408,
  http_425,
  http_429,
  http_500,
  http_502,
  http_503,
  http_504,
  http_other,  // another 5xx
  count_
};
[[nodiscard]] constexpr const char* label(RetryReason reason) noexcept {
  constexpr std::array names{"connection", "timeout", "protocol", "408", "425",  "429",
                             "500",        "502",     "503",      "504", "other"};
  static_assert(names.size() == static_cast<std::size_t>(RetryReason::count_));
  return names[static_cast<std::size_t>(reason)];
}

// Why an event was given up.
enum class FailReason : std::uint8_t {
  refused,   // the eventbus answered that it never will take it
  deadline,  // delivery.deadline passed
  shutdown,  // the grace period ended first
  storage,   // neither delivered in time nor taken by the spool
  internal,  // an owner moved it where it could not be: a bug
  count_
};
[[nodiscard]] constexpr const char* label(FailReason reason) noexcept {
  constexpr std::array names{"refused", "deadline", "shutdown", "storage", "internal"};
  static_assert(names.size() == static_cast<std::size_t>(FailReason::count_));
  return names[static_cast<std::size_t>(reason)];
}

// Why a post was answered 401.
enum class AuthFailure : std::uint8_t {
  missing,    // neither signature nor bearer token
  malformed,  // not to be understood, or more than one of a kind
  time,       // the signature's is too far from the gateway's
  token,      // a bearer token that is not ours
  signature,  // made with another key, or of another body
  count_
};
[[nodiscard]] constexpr const char* label(AuthFailure failure) noexcept {
  constexpr std::array names{"missing", "malformed", "time", "token", "signature"};
  static_assert(names.size() == static_cast<std::size_t>(AuthFailure::count_));
  return names[static_cast<std::size_t>(failure)];
}

// Which limit a client's connection is beyond.
enum class ConnectionLimit : std::uint8_t {
  total,   // gateway.max_connections
  source,  // gateway.max_per_source
  count_
};
[[nodiscard]] constexpr const char* label(ConnectionLimit limit) noexcept {
  constexpr std::array names{"total", "source"};
  static_assert(names.size() == static_cast<std::size_t>(ConnectionLimit::count_));
  return names[static_cast<std::size_t>(limit)];
}

enum class LinkState : std::uint8_t { idle, connecting, ready, backing_off, count_ };
[[nodiscard]] constexpr const char* label(LinkState state) noexcept {
  constexpr std::array names{"idle", "connecting", "ready", "backing_off"};
  static_assert(names.size() == static_cast<std::size_t>(LinkState::count_));
  return names[static_cast<std::size_t>(state)];
}

// What a shard thinks of the eventbus as a whole; egress/endpoint_health.hpp says when which.
enum class EndpointState : std::uint8_t { up, down, probing, slow_start, count_ };
[[nodiscard]] constexpr const char* label(EndpointState state) noexcept {
  constexpr std::array names{"up", "down", "probing", "slow_start"};
  static_assert(names.size() == static_cast<std::size_t>(EndpointState::count_));
  return names[static_cast<std::size_t>(state)];
}

// Why a client's TLS connection ended before its time.
enum class TlsFailure : std::uint8_t {
  timeout,      // the handshake took longer than gateway.request_timeout
  plain_text,   // HTTP without TLS
  certificate,  // none, or not one that gateway.tls.client_ca stands for
  protocol,     // not TLS, nothing both sides know, or what the client refuses
  gone,         // the client left within the handshake
  count_
};
[[nodiscard]] constexpr const char* label(TlsFailure failure) noexcept {
  constexpr std::array names{"timeout", "plain_text", "certificate", "protocol", "gone"};
  static_assert(names.size() == static_cast<std::size_t>(TlsFailure::count_));
  return names[static_cast<std::size_t>(failure)];
}

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
  Counter connections_shed;  // idle ones closed to make room
  Counter accept_pauses;     // for want of descriptors or memory
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

}  // namespace gateway::observe
