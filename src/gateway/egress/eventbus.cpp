#include "gateway/egress/eventbus.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <random>
#include <utility>

#include "gateway/egress/encoder_settings.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

// A request of batch mode: enough to make its own cost small, little enough for every receiver.
constexpr std::size_t kBatchEvents = 100;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

}  // namespace

Eventbus::Eventbus(Context context, const config::Settings& settings,
                   const config::Endpoint& endpoint)
    : context_(std::move(context)),
      settings_(settings.delivery),
      endpoint_(endpoint),
      encoder_(encoder_settings(settings, endpoint)),
      queue_(settings.delivery.queue),
      backoff_(settings.delivery.retry, std::random_device{}()),
      retry_timer_(context_.executor),
      joined_(context_.executor) {
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
  retry_timer_.cancel();
  queue_.withdraw_if([](const EventSlot&) { return true; },
                     [this](const EventSlot& slot) {
                       give_up(slot, observe::FailReason::shutdown, 0, "gateway stopped");
                     });
  for (auto& connection : connections_) connection->stop();
  while (running_ != 0) co_await joined_.wait();
}

void Eventbus::flush() {
  const Instant now = context_.clock.now();
  if (!queue_.empty()) {
    const std::size_t count = connections_.size();
    for (std::size_t i = 0; i < count && !queue_.empty(); ++i) {
      EventbusConnection& connection = *connections_[(next_ + i) % count];
      if (connection.accepts()) {
        fill(connection, now);
      } else if (connection.state() == observe::LinkState::idle) {
        connection.wake();
      }
    }
    next_ = (next_ + 1) % count;
  }
  for (auto& connection : connections_) connection->write();
}

void Eventbus::fill(EventbusConnection& connection, Instant now) {
  Multiplexer& mux = connection.multiplexer();
  while (!queue_.empty() && connection.accepts()) {
    if (encoder_.mode() == events::ContentMode::batch) {
      fill_batch(mux, now);
    } else {
      mux.stage(queue_.take(), now);
    }
  }
}

void Eventbus::fill_batch(Multiplexer& mux, Instant now) {
  mux.open_batch();
  std::size_t bytes = 0;
  for (std::size_t n = 0; n < kBatchEvents && !queue_.empty(); ++n) {
    bytes += queue_.front().length;
    if (n != 0 && bytes > kBatchBytes) break;
    mux.add_to_batch(queue_.take());
  }
  mux.close_batch(now);
}

void Eventbus::answered(EventSlot slot, const Response& response, Instant staged) {
  const Instant now = context_.clock.now();
  switch (judge(response.status)) {
    case Verdict::delivered:
      context_.metrics.delivery_duration.observe(now - staged);
      queue_.settled(slot);
      context_.ledger.delivered(slot);
      return;
    case Verdict::retry: {
      if (slot.post->expired) {
        give_up(slot, observe::FailReason::deadline, response.status, "deadline passed");
        return;
      }
      ++slot.attempts;
      context_.metrics.events_retried[retry_reason(response.status)].add();
      const auto asked = parse_retry_after(
          response.retry_after, std::chrono::floor<std::chrono::seconds>(context_.clock.wall(now)));
      queue_.delay(slot, now + backoff_.next(slot.attempts, asked));
      arm_retry_timer();
      return;
    }
    case Verdict::refused:
      give_up(slot, observe::FailReason::refused, response.status,
              response.excerpt.empty() ? std::string_view("refused by the eventbus")
                                       : std::string_view(response.excerpt));
      return;
  }
}

void Eventbus::given_back(EventSlot slot, bool sent, observe::RetryReason reason) {
  if (stopping_) {
    give_up(slot, observe::FailReason::shutdown, 0, "gateway stopped");
    return;
  }
  if (slot.post->expired) {
    give_up(slot, observe::FailReason::deadline, 0, "deadline passed");
    return;
  }
  if (sent) {
    ++slot.attempts;
    context_.metrics.events_retried[reason].add();
  }
  if (slot.attempts > 1) {
    // It may be the event that makes the eventbus break off: the others must not wait behind it.
    const Instant now = context_.clock.now();
    queue_.delay(slot, now + backoff_.next(slot.attempts - 1U, std::nullopt));
    arm_retry_timer();
  } else {
    queue_.put_back(slot);
  }
}

void Eventbus::give_up(const EventSlot& slot, observe::FailReason why, unsigned status,
                       std::string_view reason) {
  queue_.settled(slot);
  context_.ledger.failed(slot, why, status, reason);
}

void Eventbus::arm_retry_timer() {
  const auto due = queue_.next_due();
  if (!due || (retry_at_ && *retry_at_ <= *due)) return;
  retry_at_ = due;
  retry_timer_.expires_at(*due);
  retry_timer_.async_wait([this](const error_code& aborted) {
    if (aborted) return;
    retry_at_.reset();
    queue_.release_due(context_.clock.refresh());
    arm_retry_timer();
    context_.request_flush();
  });
}

void Eventbus::tick(Instant now) {
  for (auto& connection : connections_) connection->check_timeout(now);
  if (context_.ledger.expire(now)) {
    queue_.withdraw_if([](const EventSlot& slot) { return slot.post->expired; },
                       [this](const EventSlot& slot) {
                         give_up(slot, observe::FailReason::deadline, 0, "deadline passed");
                       });
  }
  publish(now);
}

void Eventbus::publish(Instant now) {
  auto& metrics = context_.metrics;
  std::uint64_t finished = metrics.events_delivered.value();
  for (std::size_t i = 0; i < metrics.events_failed.size(); ++i) {
    finished += metrics.events_failed[static_cast<observe::FailReason>(i)].value();
  }
  drain_rate_.observe(finished, now);
  metrics.queue_events.set(queue_.waiting());
  metrics.queue_bytes.set(queue_.bytes());
  std::array<std::uint64_t, static_cast<std::size_t>(observe::LinkState::count_)> states{};
  std::uint64_t depth = 0;
  for (const auto& connection : connections_) {
    ++states[static_cast<std::size_t>(connection->state())];
    depth += connection->multiplexer().depth();
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    metrics.eventbus_connections[static_cast<observe::LinkState>(i)].set(states[i]);
  }
  metrics.pipeline_depth.set(depth);
}

void Eventbus::connection_ready() {
  if (!reachable_) {
    reachable_ = true;
    log::info("connected to the eventbus again", {{"target", endpoint_.host_header}});
  }
  context_.request_flush();
}

void Eventbus::connection_failed(std::string_view address, std::string_view error) {
  const bool another = std::ranges::any_of(connections_, [](const auto& connection) {
    return connection->state() == observe::LinkState::ready && !connection->broken();
  });
  if (stopping_ || another || !reachable_) return;
  reachable_ = false;
  log::warn("no connection to the eventbus; events wait",
            {{"target", endpoint_.host_header}, {"address", address}, {"reason", error}});
}

std::vector<ConnectionStatus> Eventbus::connection_status() const {
  std::vector<ConnectionStatus> all;
  for (const auto& connection : connections_) {
    ConnectionStatus status;
    status.state = label(connection->state());
    status.address = connection->address();
    status.last_error = connection->last_error();
    status.in_flight = connection->multiplexer().in_flight();
    status.pipeline_depth = connection->multiplexer().depth();
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace gateway::egress
