#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "gateway/egress/store/stored_event.hpp"
#include "runtime/clock.hpp"

namespace gateway::replay {

// What became of the events that were sent again:
// handed over = delivered + refused + failed + left + in flight.
struct ReplayCounts {
  ReplayCounts() = default;

  std::uint64_t handed_over = 0;
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;                   // by the eventbus, for good
  std::uint64_t failed = 0;                    // not delivered within delivery.deadline
  std::uint64_t left = 0;                      // given back as the replay ended first
  std::map<unsigned, std::uint64_t> refusals;  // by status

  [[nodiscard]] std::uint64_t in_flight() const noexcept {
    return handed_over - delivered - refused - failed - left;
  }
};

// A replay's book: what is on its way, what must be noted in the store, and when there is no point
// in going on. Pure.
class ReplayBook {
 public:
  // An event on its way.
  struct Flight {
    egress::Sequence seq = 0;
    Instant since;
  };

  void handed_over() noexcept { ++counts_.handed_over; }
  void delivered(const Flight& flight, Instant now);
  void refused(unsigned status, Instant now);
  // Its deadline has passed.
  void missed(const Flight& flight);
  // It was withdrawn.
  void left() noexcept { ++counts_.left; }

  // The eventbus takes nothing: an event had all the time it may have, and in that time the
  // eventbus took a stand on none.
  [[nodiscard]] bool unavailable() const noexcept { return unavailable_; }

  // Delivered rows the store does not know of yet; what is not noted is sent again next time.
  [[nodiscard]] const std::vector<egress::Sequence>& unnoted() const noexcept { return unnoted_; }
  // Enough of them for one transaction, or they have waited long enough.
  [[nodiscard]] bool must_note(Instant now) const noexcept;
  void noted() noexcept { unnoted_.clear(); }

  [[nodiscard]] const ReplayCounts& counts() const noexcept { return counts_; }

 private:
  ReplayCounts counts_;
  std::vector<egress::Sequence> unnoted_;
  Instant first_unnoted_;
  std::optional<Instant> last_answer_;
  bool unavailable_ = false;
};

}  // namespace gateway::replay
