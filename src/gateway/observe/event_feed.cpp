#include "gateway/observe/event_feed.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "gateway/observe/server_sent_events.hpp"

namespace gateway::observe {
namespace {

constexpr unsigned kMostOnTheWay = 1024;

}  // namespace

void EventFeed::settled(SettledEvent event) {
  if (on_the_way_.fetch_add(1, std::memory_order_relaxed) >= kMostOnTheWay) {
    on_the_way_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  asio::post(control_, [this, event = std::move(event)]() mutable {
    on_the_way_.fetch_sub(1, std::memory_order_relaxed);
    tell(event);
    if (!is_failure(event.outcome)) return;
    if (failures_.size() == kFailuresKept) failures_.pop_front();
    failures_.push_back(std::move(event));
  });
}

void EventFeed::tell(const SettledEvent& event) {
  if (watchers_.empty()) return;
  const auto frame = std::make_shared<const std::string>(server_sent_event("tap", tap_json(event)));
  for (Watcher* const watcher : watchers_) {
    watcher->frames.push(frame);
    watcher->arrived.notify_all();
  }
}

void EventFeed::tell_status(std::string_view json) {
  while (json.ends_with('\n')) json.remove_suffix(1);
  const auto frame = std::make_shared<const std::string>(server_sent_event("status", json));
  for (Watcher* const watcher : watchers_) {
    if (!watcher->wants_status) continue;
    watcher->frames.push(frame);
    watcher->arrived.notify_all();
  }
}

bool EventFeed::attach(Watcher& watcher) {
  if (watchers_.size() >= kMostWatchers) return false;
  watchers_.push_back(&watcher);
  count_.store(static_cast<unsigned>(watchers_.size()), std::memory_order_relaxed);
  return true;
}

void EventFeed::detach(Watcher& watcher) {
  std::erase(watchers_, &watcher);
  count_.store(static_cast<unsigned>(watchers_.size()), std::memory_order_relaxed);
}

bool EventFeed::status_wanted() const noexcept {
  return std::ranges::any_of(watchers_, [](const Watcher* it) { return it->wants_status; });
}

}  // namespace gateway::observe
