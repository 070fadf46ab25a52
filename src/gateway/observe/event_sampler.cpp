#include "gateway/observe/event_sampler.hpp"

#include <chrono>
#include <utility>

#include "gateway/domain/post.hpp"

namespace gateway::observe {
namespace {

constexpr std::size_t kMostType = 100;
constexpr std::size_t kMostReason = 200;

}  // namespace

void EventSampler::tick(Instant now, Ledger& ledger) {
  watched_ = feed_.watched();
  const unsigned lags = lags_.take(now);
  const unsigned watched = watched_events_.take(now);
  ledger.show(*this, watched_ ? watched : lags, failures_.take(now));
}

void EventSampler::settled(const EventSlot& slot, Outcome outcome, unsigned status,
                           std::string_view reason) {
  const Post& post = *slot.post;
  const events::OutgoingEvent sent = post.event(slot);
  const events::CloudEvent* const passed = sent.passed_on;
  const events::CosRecord cos = reader_.read(sent.json_data());
  // When a store has answered, the shard's reading of the clock may be as old as its last tick.
  const Instant settled_at = std::chrono::steady_clock::now();
  const WallInstant now = clock_.wall(settled_at);
  if (outcome == Outcome::delivered) {
    if (const auto made = cos.time()) {
      metrics_.event_lag[kind_of(cos.event_name)].observe(now - *made);
    }
  }
  if (!watched_ && !is_failure(outcome)) return;

  SettledEvent event;
  event.time = now;
  event.bytes = slot.length;
  event.outcome = outcome;
  event.status = status;
  event.took = settled_at - post.received;
  event.reason = shortened(reason, kMostReason);
  if (!cos.event_name.empty() || passed == nullptr) {
    event.type = shortened(cos.event_name, kMostType);
    event.key = shortened(cos.object_key(), kMostKeyShown);
  } else {
    event.type = shortened(passed->attribute("type"), kMostType);
    event.key = shortened(passed->attribute("subject"), kMostKeyShown);
  }
  event.id = passed == nullptr ? slot.id.text() : shortened(passed->attribute("id"), kMostIdShown);
  if (post.owner != nullptr) event.client = post.owner->client();
  if (watched_) metrics_.tap_events.add();
  feed_.settled(std::move(event));
}

}  // namespace gateway::observe
