#include "gateway/egress/access/token_life.hpp"

#include <algorithm>

namespace gateway::egress {
namespace {

using std::chrono::milliseconds;

// Of a token's life, when it is replaced; every process draws its own.
constexpr std::int64_t kEarliestPercent = 75;
constexpr std::int64_t kLatestPercent = 85;
// A server that says that its tokens live no time is not asked without a pause.
constexpr milliseconds kShortestLife{1000};

}  // namespace

void TokenLife::fetched(std::optional<std::chrono::seconds> lifetime, Instant asked) {
  ++number_;
  failures_ = 0;
  if (!lifetime) {
    valid_until_ = fetch_at_ = Instant::max();
    return;
  }
  const milliseconds life = std::max<milliseconds>(*lifetime, kShortestLife);
  valid_until_ = asked + life;
  fetch_at_ = asked + life / 100 *
                          std::uniform_int_distribution<std::int64_t>(kEarliestPercent,
                                                                      kLatestPercent)(random_);
}

void TokenLife::failed(Instant now) {
  const milliseconds most =
      std::min(kMostPause, kFirstPause * (std::int64_t{1} << std::min(failures_, 10U)));
  ++failures_;
  fetch_at_ = now + milliseconds(std::uniform_int_distribution<std::int64_t>(
                        most.count() / 2, most.count())(random_));
}

void TokenLife::rejected(unsigned number, Instant now) {
  // Another one is in force, or on its way, already.
  if (number != number_ || failures_ != 0) return;
  if (rejected_at_ && now < *rejected_at_ + spacing_) {
    fetch_at_ = std::min(fetch_at_, *rejected_at_ + spacing_);
    return;
  }
  const bool again = rejected_at_ && now < *rejected_at_ + 10 * spacing_;
  spacing_ = again ? std::min(2 * spacing_, kMostSpacing) : kFirstSpacing;
  rejected_at_ = now;
  fetch_at_ = std::min(fetch_at_, now);
}

}  // namespace gateway::egress
