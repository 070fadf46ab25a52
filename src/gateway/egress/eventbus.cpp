#include "gateway/egress/eventbus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <functional>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>

#include "gateway/egress/encoder_settings.hpp"
#include "gateway/egress/refusal_reason.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

// A request of batch mode: enough to make its own cost small, little enough for every receiver.
constexpr std::size_t kBatchEvents = 100;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

// While the eventbus is known to be down a post waits no longer than this before it goes to the
// spool: long enough for a hiccup, and for somebody to be there to probe with.
constexpr std::chrono::milliseconds kPatienceWhileDown{1000};
constexpr std::chrono::milliseconds kNoPatience{0};

// As many requests as can be in flight at all.
std::size_t most_in_flight(const config::Delivery& delivery) noexcept {
  const std::size_t depth = delivery.pipeline == 0 ? PipelineDepth::kMost : delivery.pipeline;
  return depth * delivery.connections;
}

}  // namespace

Eventbus::Eventbus(Context context, const config::Settings& settings,
                   const config::Endpoint& endpoint)
    : context_(std::move(context)),
      settings_(settings.delivery),
      endpoint_(endpoint),
      encoder_(encoder_settings(settings, endpoint)),
      queue_(settings.delivery.queue),
      policy_(settings.delivery),
      backoff_(settings.delivery.retry, std::random_device{}()),
      health_(settings.delivery.retry, most_in_flight(settings.delivery), std::random_device{}()),
      retry_budget_(context_.clock.now()),
      timer_(context_.executor),
      joined_(context_.executor) {
  // Never in plain text what was to be kept private.
  if (endpoint_.tls != (context_.tls != nullptr)) throw std::logic_error("https without TLS");
  for (unsigned i = 0; i < settings_.connections; ++i) {
    connections_.push_back(std::make_unique<EventbusConnection>(*this, i));
  }
}

void Eventbus::start() {
  for (auto& connection : connections_) {
    ++running_;
    asio::co_spawn(context_.executor, connection->run(), [this](const std::exception_ptr& error) {
      --running_;
      if (error) log::internal_error("eventbus connection", error);
      joined_.notify_all();
    });
  }
}

Task<void> Eventbus::stop() {
  stopping_ = true;
  timer_.cancel();
  queue_.withdraw_if(
      [](const EventSlot&) { return true; },
      [this](const EventSlot& slot) { give_up(slot, FailReason::shutdown, 0, "gateway stopped"); });
  for (auto& connection : connections_) connection->stop();
  while (running_ != 0) co_await joined_.wait();
}

void Eventbus::flush() {
  const Instant now = context_.clock.now();
  if (!queue_.empty()) {
    if (health_.unrestrained()) {
      std::size_t room = EndpointHealth::kUnlimited;
      distribute(room, now);
    } else {
      flush_restrained(now);
    }
  }
  for (auto& connection : connections_) connection->write();
}

void Eventbus::flush_restrained(Instant now) {
  const std::size_t allowed = health_.allowance(requests_in_flight(), now);
  std::size_t room = allowed;
  distribute(room, now);
  if (room != allowed) health_.sent(now);
  if (!queue_.empty()) arm_timer();
}

void Eventbus::distribute(std::size_t& room, Instant now) {
  const std::size_t count = connections_.size();
  for (std::size_t i = 0; i < count && !queue_.empty(); ++i) {
    EventbusConnection& connection = *connections_[(next_ + i) % count];
    if (connection.accepts()) {
      fill(connection, room, now);
    } else if (connection.state() == LinkState::idle) {
      connection.wake();
    }
  }
  next_ = (next_ + 1) % count;
}

std::size_t Eventbus::requests_in_flight() const noexcept {
  std::size_t requests = 0;
  for (const auto& connection : connections_) requests += connection->multiplexer().requests();
  return requests;
}

void Eventbus::fill(EventbusConnection& connection, std::size_t& room, Instant now) {
  Multiplexer& mux = connection.multiplexer();
  for (; room != 0 && !queue_.empty() && connection.accepts(); --room) {
    if (encoder_.mode() == events::ContentMode::batch) {
      fill_batch(mux, now);
    } else {
      mux.stage(take(), now);
    }
  }
}

EventSlot Eventbus::take() {
  const EventSlot slot = queue_.take();
  if (slot.attempts == 0) retry_budget_.first_attempt();
  context_.ledger.move(slot, EventMove::stage);
  return slot;
}

void Eventbus::fill_batch(Multiplexer& mux, Instant now) {
  mux.open_batch();
  std::size_t bytes = 0;
  const bool probe = state() == EndpointState::down || state() == EndpointState::probing;
  const std::size_t most = probe ? 1 : kBatchEvents;
  for (std::size_t n = 0; n < most && !queue_.empty(); ++n) {
    bytes += queue_.front().length;
    if (n != 0 && bytes > kBatchBytes) break;
    mux.add_to_batch(take());
  }
  mux.close_batch(now);
}

void Eventbus::answered(EventSlot slot, const Response& response, Instant staged, bool leads) {
  const Instant now = context_.clock.now();
  switch (policy_.judge(response.status)) {
    case Verdict::delivered:
      if (leads && health_.good_answer(staged)) restraint_eased();
      context_.metrics.delivery_duration.observe(now - staged);
      queue_.settled(slot);
      context_.ledger.delivered(slot, response.status);
      return;
    case Verdict::retry:
      last_answer_.take(response.status, response.excerpt, now);
      if (leads) health_.failing_answer(slot.attempts == 0, staged, now);
      retry_later(slot, response, now);
      return;
    case Verdict::refused:
      last_answer_.take(response.status, response.excerpt, now);
      if (leads && health_.good_answer(staged)) restraint_eased();
      refuse(slot, response);
      return;
  }
}

void Eventbus::refuse(const EventSlot& slot, const Response& response) {
  // A post that was answered already is its sender's to repeat.
  if (context_.custody.keeps_dead_letters() && !slot.post->expired) {
    queue_.settled(slot);
    context_.custody.dead_letter(slot, Custody::Why::refused, response.status, response.excerpt);
    return;
  }
  give_up(slot, FailReason::refused, response.status, refusal_reason(response.excerpt));
}

void Eventbus::retry_later(EventSlot slot, const Response& response, Instant now) {
  const auto asked = parse_retry_after(
      response.retry_after, std::chrono::floor<std::chrono::seconds>(context_.clock.wall(now)));
  if (asked) health_.hold(*asked, now);
  if (slot.post->expired) {
    give_up_late(slot);
    return;
  }
  if (slot.post->replayed && slot.post->owner->gives_up(slot)) {
    queue_.settled(slot);
    context_.custody.dead_letter(slot, Custody::Why::expired, response.status, response.excerpt);
    return;
  }
  ++slot.attempts;
  context_.metrics.events_retried[retry_reason(response.status)].add();
  context_.ledger.move(slot, EventMove::delay);
  queue_.delay(slot, now + backoff_.next(slot.attempts, asked));
  arm_timer();
}

void Eventbus::given_back(EventSlot slot, bool sent, RetryReason reason) {
  if (stopping_) {
    give_up(slot, FailReason::shutdown, 0, "gateway stopped");
    return;
  }
  if (slot.post->expired) {
    give_up_late(slot);
    return;
  }
  if (sent) {
    ++slot.attempts;
    context_.metrics.events_retried[reason].add();
  }
  if (sent && slot.attempts > 1) {
    // It may be the event that makes the eventbus break off: the others must not wait behind it.
    const Instant now = context_.clock.now();
    context_.ledger.move(slot, EventMove::delay);
    queue_.delay(slot, now + backoff_.next(slot.attempts - 1U, std::nullopt));
    arm_timer();
  } else {
    context_.ledger.move(slot, EventMove::put_back);
    queue_.put_back(slot);
  }
}

void Eventbus::give_up(const EventSlot& slot, FailReason why, unsigned status,
                       std::string_view reason) {
  queue_.settled(slot);
  context_.ledger.failed(slot, why, status, reason);
}

// Its post's deadline has passed.
void Eventbus::give_up_late(const EventSlot& slot) {
  const BusAnswer* latest = slot.attempts > 0 ? latest_answer() : nullptr;
  if (latest == nullptr) {
    return give_up(slot, FailReason::deadline, 0, "deadline passed");
  }
  const std::string reason =
      fmt::format("deadline passed; the last answer was: {}",
                  latest->text.empty() ? std::to_string(latest->status) : latest->text);
  give_up(slot, FailReason::deadline, latest->status, reason);
}

void Eventbus::no_answer(std::string_view address, std::string_view error) {
  last_answer_.take(0, fmt::format("{}{}{}", address, address.empty() ? "" : ": ", error),
                    context_.clock.now());
}

const BusAnswer* Eventbus::latest_answer() const noexcept {
  const bool lately =
      last_answer_.at != Instant{} && context_.clock.now() - last_answer_.at <= settings_.deadline;
  return lately ? &last_answer_ : nullptr;
}

void Eventbus::arm_timer() {
  auto due = queue_.next_due();
  if (!queue_.empty() && !health_.unrestrained()) {
    const auto sends_at = health_.sends_at(context_.clock.now());
    if (sends_at && (!due || *sends_at < *due)) due = sends_at;
  }
  if (due && (!timer_at_ || *due < *timer_at_)) wake_at(*due);
}

void Eventbus::wake_at(Instant at) {
  timer_at_ = at;
  timer_.expires_at(at);
  timer_.async_wait([this](const error_code& aborted) {
    if (!aborted) on_timer();
  });
}

void Eventbus::on_timer() {
  timer_at_.reset();
  const Instant now = context_.clock.refresh();
  // While the eventbus is not up, what is due stands in line for probes and slow start, which
  // bound it: the budget is for when nothing else does.
  const bool up = health_.state() == EndpointState::up;
  queue_.release_due(now, [&](const EventSlot& slot) {
    if (up && !retry_budget_.spend(now)) return false;
    context_.ledger.move(slot, EventMove::release);
    return true;
  });
  const auto due = queue_.next_due();
  if (due && *due <= now) {
    // No budget. First attempts may earn some at any time, but nobody needs to know at once.
    wake_at(now + RetryBudget::kInterval);
  } else {
    arm_timer();
  }
  context_.turn_end.request();
}

void Eventbus::restraint_eased() {
  for (auto& connection : connections_) connection->wake();
  context_.turn_end.request();
}

void Eventbus::tick(Instant now) {
  for (auto& connection : connections_) connection->check_timeout(now);
  if (is_down() && context_.custody.can_spool()) {
    expire(now + std::max(settings_.deadline - kPatienceWhileDown, kNoPatience));
  } else {
    expire(now);
  }
  publish(now);
}

void Eventbus::expire(Instant limit) {
  const bool spools = context_.custody.has_spool();
  overdue_.clear();
  context_.ledger.expire(limit, [&](Post& post) {
    if (!spools) context_.ledger.time_out(post, latest_answer());
    overdue_.push_back(&post);
  });
  if (overdue_.empty()) return;
  if (spools) {
    spool_expired();
  } else {
    queue_.withdraw_if([](const EventSlot& slot) { return slot.post->expired; },
                       [this](const EventSlot& slot) { give_up_late(slot); });
  }
}

void Eventbus::spool_expired() {
  // Not those of posts that were handed over earlier and are still on a connection.
  const auto overdue = [](const EventSlot& slot) {
    const Post& post = *slot.post;
    return post.expired && post.state == Post::State::open &&
           post.states[slot.index] != EventState::copying;
  };
  const auto by_post = [](const EventSlot& a, const EventSlot& b) {
    return a.post == b.post ? a.index < b.index : std::less<>()(a.post, b.post);
  };
  withdrawn_.clear();
  in_flight_.clear();
  queue_.withdraw_if(overdue, [this](const EventSlot& slot) {
    queue_.settled(slot);
    withdrawn_.push_back(slot);
  });
  for (auto& connection : connections_) {
    connection->multiplexer().for_each([&](const EventSlot& slot) {
      if (overdue(slot)) in_flight_.push_back(slot);
    });
  }
  std::ranges::sort(withdrawn_, by_post);
  std::ranges::sort(in_flight_, by_post);
  const auto of = [&](const std::vector<EventSlot>& all, const Post* post) {
    const auto range = std::ranges::equal_range(all, post, {}, &EventSlot::post);
    return std::span<const EventSlot>(range.begin(), range.end());
  };
  for (Post* post : overdue_) {
    context_.custody.spool(*post, of(withdrawn_, post), of(in_flight_, post));
  }
  context_.turn_end.request();
}

void Eventbus::spool_all() {
  if (context_.custody.can_spool()) expire(Instant::max());
}

void Eventbus::withdraw(Post& post, FailReason why) {
  queue_.withdraw_if([&post](const EventSlot& slot) { return slot.post == &post; },
                     [this, why](const EventSlot& slot) { give_up(slot, why, 0, label(why)); });
}

bool Eventbus::may_connect() {
  return health_.may_connect(context_.clock.refresh());
}

void Eventbus::connection_ready() {
  health_.connected();
  context_.turn_end.request();
}

void Eventbus::connect_failed(std::string_view address, std::string_view error) {
  health_.connect_failed(context_.clock.refresh());
  no_answer(address, error);
  // Those that waited for what comes of this attempt.
  for (auto& connection : connections_) connection->wake();
}

void Eventbus::connection_proven() {
  health_.link_proven();
  for (auto& connection : connections_) connection->wake();
}

void Eventbus::connection_ended(EndpointHealth::End end, bool proven,
                                std::optional<EndpointHealth::Suspect> suspect,
                                std::string_view address, std::string_view error) {
  health_.link_ended(end, proven, suspect, context_.clock.refresh());
  if (end == EndpointHealth::End::useless) no_answer(address, error);
  for (auto& connection : connections_) connection->wake();
  context_.turn_end.request();
}

}  // namespace gateway::egress
