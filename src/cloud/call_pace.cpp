#include "cloud/call_pace.hpp"

#include <algorithm>

namespace gateway::cloud {

Instant CallPace::start(std::string_view action, Instant now) {
  auto& starts = starts_.try_emplace(std::string(action)).first->second;
  Instant when = std::max(now, not_before_);
  if (starts.size() == kMostASecond) {
    when = std::max(when, starts.front() + std::chrono::seconds(1));
    starts.pop_front();
  }
  starts.push_back(when);
  return when;
}

void CallPace::refused(Instant now) {
  if (now < not_before_) return;  // it was under way when another one was refused
  not_before_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace gateway::cloud
