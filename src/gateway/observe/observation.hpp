#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/domain/bus_answer.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/egress/store/async_store.hpp"
#include "gateway/metrics/counter.hpp"
#include "runtime/clock.hpp"

namespace gateway::observe {

// What is known of a target.
struct TargetObservation {
  std::string url;    // without secrets
  bool down = false;  // and not for some threads alone, where there are several targets
  BusAnswer last;     // its time is zero if there was none
  // What became of its events since the process was started.
  std::uint64_t failed = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t spooled = 0;

  [[nodiscard]] std::uint64_t undelivered() const noexcept {
    return failed + dead_lettered + spooled;
  }
};

// The state of the process at one moment: counters since its start, and what holds now. Made on the
// control thread from the shards' counters. A plain value, so that the conclusions from it can be
// tested without a gateway.
struct Observation {
  Instant now{};
  bool stopping = false;

  std::uint64_t delivered = 0;  // the spool's included
  std::uint64_t replayed = 0;   // out of the spool
  std::uint64_t retried = 0;
  std::uint64_t refused = 0;        // given up: the eventbus refused them for good
  std::uint64_t timed_out = 0;      // given up: delivery.deadline
  std::uint64_t not_stored = 0;     // given up: a store did not take them
  std::uint64_t given_up_stop = 0;  // given up: the process ended
  std::uint64_t dead_lettered = 0;
  std::uint64_t spooled = 0;
  std::map<unsigned, std::uint64_t> posts;  // answered, by status
  std::uint64_t wrongly_signed = 0;   // of these, the ones answered 401 though they are signed
  Counts<Unavailable> unavailable{};  // of these, the ones answered 503, by reason

  std::uint64_t in_flight = 0;
  bool eventbus_up = true;                    // for every shard; of several targets each one
  std::vector<TargetObservation> targets{1};  // the top-level one first
  std::string example_key;  // of the last event that was given up or dead-lettered

  std::optional<egress::StoreStatus> spool;
  std::optional<egress::StoreStatus> dead_letters;
  std::uint64_t spool_max_bytes = 0;  // 0: no limit
  std::string provisioning;           // its state's label
  std::string provisioning_error;
  // Of `buckets`: how many there are, how many of them are not provisioned as they must be, and
  // what is wrong with the first of these.
  std::size_t buckets = 0;
  std::size_t buckets_in_trouble = 0;
  std::string bucket_in_trouble;
  std::string bucket_error;
  std::optional<std::chrono::seconds> certificate_left;  // until the first one expires

  [[nodiscard]] std::uint64_t given_up() const noexcept {
    return refused + timed_out + not_stored + given_up_stop;
  }
};

// Returns what to do about an answer.
[[nodiscard]] const char* remedy_for(const BusAnswer& answer) noexcept;
// Returns "answers 404 'no such bus'" or "cannot be reached: Connection refused".
[[nodiscard]] std::string described(const BusAnswer& answer);

}  // namespace gateway::observe
