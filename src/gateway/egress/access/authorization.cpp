#include "gateway/egress/access/authorization.hpp"

#include <algorithm>

namespace gateway::egress {

bool TokenUse::take(const Authorization& authorization, Instant now) {
  problem_ = authorization.problem;
  if (authorization.value.empty() || authorization.number == number_) return false;
  number_ = authorization.number;
  valid_until_ = authorization.valid_until;
  since_ = now;
  return true;
}

std::string TokenUse::problem() const {
  if (problem_.empty()) return "no access token yet (delivery.oauth2)";
  return "no access token (delivery.oauth2): " + problem_;
}

TokenUse::Meaning TokenUse::rejected(std::uint64_t name, Instant staged, Instant now) {
  if (staged < since_) return Meaning::resend;
  const auto known = std::ranges::find_if(
      refusals_, [&](const Refusal& one) { return one.event == name && one.at != Instant{}; });
  if (known != refusals_.end()) {
    // Refused with the same token again: the other one is still on its way.
    if (known->at >= since_) return Meaning::renew;
    *known = {};
    return Meaning::refused;
  }
  refusals_[next_] = {name, now};
  next_ = (next_ + 1) % refusals_.size();
  return Meaning::renew;
}

}  // namespace gateway::egress
