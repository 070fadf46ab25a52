#include "gateway/auth/former_tokens.hpp"

#include <algorithm>

namespace gateway::auth {

std::vector<Secret> FormerTokens::seen(const std::vector<Secret>& tokens, Instant now) {
  std::erase_if(known_, [now](const Known& one) { return now - one.last_seen > kKept; });
  for (const Secret& token : tokens) {
    if (token.empty()) continue;
    const auto same = std::ranges::find_if(
        known_, [&](const Known& one) { return one.token.reveal() == token.reveal(); });
    if (same != known_.end()) {
      same->last_seen = now;
    } else if (known_.size() < kMost) {
      known_.emplace_back(token, now);
    }
  }
  std::vector<Secret> accepted;
  accepted.reserve(known_.size());
  for (const Known& one : known_) accepted.push_back(one.token);
  return accepted;
}

}  // namespace gateway::auth
