#include "cloud/shared_api.hpp"

#include <algorithm>
#include <utility>

namespace gateway::cloud {
namespace {

// Shorter than the pause between two looks at one function.
constexpr std::chrono::milliseconds kFresh{500};

// Whether it is the same for all functions of a region.
bool is_shared(const std::string& action) {
  return action == "ListFunctions" || action == "ListNamespaces";
}

bool is_read(const std::string& action) {
  return action.starts_with("Get") || action.starts_with("List");
}

}  // namespace

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

// After cancel() the client answers at once, so that everybody gets through.
Task<ApiResult<boost::json::object>> SharedApi::call(std::string action,
                                                     boost::json::object parameters) {
  co_await client_.acquire();
  if (auto answer = known(action, parameters)) {
    client_.release();
    co_return std::move(*answer);
  }
  co_await limits_.permits.acquire();
  co_await keep_pace(action);
  if (!is_read(action)) listed_.clear();
  auto answer = co_await api_.call(action, parameters);
  limits_.permits.release();
  client_.release();
  if (answer) {
    limits_.pace.accepted();
    if (is_shared(action)) {
      listed_.emplace_back(std::move(parameters), *answer, std::chrono::steady_clock::now());
    }
  } else if (answer.error().code().starts_with("RequestLimitExceeded")) {
    limits_.pace.refused(std::chrono::steady_clock::now());
  }
  co_return answer;
}

Task<void> SharedApi::keep_pace(std::string action) {
  const Instant start = limits_.pace.start(action, std::chrono::steady_clock::now());
  while (!cancelled_ && std::chrono::steady_clock::now() < start) {
    co_await wake_.wait_until(start);
  }
}

std::optional<boost::json::object> SharedApi::known(const std::string& action,
                                                    const boost::json::object& parameters) {
  const Instant oldest = std::chrono::steady_clock::now() - kFresh;
  std::erase_if(listed_, [&](const Listed& one) { return one.at < oldest; });
  if (!is_shared(action)) return std::nullopt;
  for (const Listed& one : listed_) {
    if (one.parameters == parameters) return one.answer;
  }
  return std::nullopt;
}

void SharedApi::cancel() {
  cancelled_ = true;
  api_.cancel();
  wake_.notify_all();
}

}  // namespace gateway::cloud
