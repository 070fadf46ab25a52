#include "gateway/replay/replay_book.hpp"

namespace gateway::replay {
namespace {

// A crash sends so many again at most; a transaction costs about as much as ten events.
constexpr std::size_t kNotedTogether = 500;
constexpr std::chrono::milliseconds kNotedWithin{500};

}  // namespace

void ReplayBook::delivered(const Flight& flight, Instant now) {
  ++counts_.delivered;
  last_answer_ = now;
  if (unnoted_.empty()) first_unnoted_ = now;
  unnoted_.push_back(flight.seq);
}

void ReplayBook::refused(unsigned status, Instant now) {
  ++counts_.refused;
  ++counts_.refusals[status];
  last_answer_ = now;
}

void ReplayBook::missed(const Flight& flight) {
  ++counts_.failed;
  if (!last_answer_ || *last_answer_ < flight.since) unavailable_ = true;
}

bool ReplayBook::must_note(Instant now) const noexcept {
  return unnoted_.size() >= kNotedTogether ||
         (!unnoted_.empty() && now - first_unnoted_ >= kNotedWithin);
}

}  // namespace gateway::replay
