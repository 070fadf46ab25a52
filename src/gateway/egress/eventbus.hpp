#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/encoder.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/domain/bus_answer.hpp"
#include "gateway/egress/custody.hpp"
#include "gateway/egress/delivery_policy.hpp"
#include "gateway/egress/drain_rate.hpp"
#include "gateway/egress/endpoint_health.hpp"
#include "gateway/egress/eventbus_connection.hpp"
#include "gateway/egress/retry_budget.hpp"
#include "gateway/egress/retry_jitter.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/pipeline/delivery.hpp"
#include "gateway/pipeline/delivery_queue.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/tls/tls_source.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/turn_end.hpp"

namespace gateway::egress {

// What /status tells about one connection.
struct ConnectionStatus {
  std::string state;
  std::string address;
  std::string last_error;
  std::size_t in_flight = 0;
  unsigned pipeline_depth = 0;
};

// One shard's way to the eventbus: the queue, the connections, and what becomes of every answer.
// Owned by the shard; lives on its thread.
class Eventbus final : public Delivery {
 public:
  // What it uses of its shard; all outlive it.
  struct Context {
    Executor executor;
    Clock& clock;
    Ledger& ledger;
    Custody& custody;
    ShardMetrics& metrics;
    TurnEnd& turn_end;  // calls flush()
    transport::Transports& transports;
    const tls::TlsSource* tls = nullptr;  // for an https target
  };

  // Throws std::logic_error for an endpoint with TLS and a context without.
  Eventbus(Context context, const config::Settings& settings, const config::Endpoint& endpoint);
  Eventbus(const Eventbus&) = delete;
  Eventbus& operator=(const Eventbus&) = delete;

  void start();
  // Gives up what is left, ends the connections and waits for their coroutines.
  [[nodiscard]] Task<void> stop();

  // The gateway is about to end: what is not delivered by now goes to the spool, if there is one.
  void spool_all();
  // Gives up every event of `post` that waits.
  void withdraw(Post& post, FailReason why);

  [[nodiscard]] Custody& custody() noexcept { return context_.custody; }
  [[nodiscard]] DeliveryQueue& queue() noexcept { return queue_; }

  // What those who take posts in see.
  [[nodiscard]] bool is_down() const noexcept override {
    return health_.state() == EndpointState::down || health_.state() == EndpointState::probing;
  }
  [[nodiscard]] bool can_spool() const noexcept override { return context_.custody.can_spool(); }
  void spool(Post& post, std::span<const EventSlot> events) override {
    context_.custody.spool(post, events, {});
  }
  [[nodiscard]] std::chrono::seconds retry_after() override {
    return retry_jitter_.spread(drain_rate_.time_to_drain(queue_.events()));
  }

  // The end of a loop turn: stages waiting events on connections with room, writes them.
  void flush();
  // Every tick of the shard: overdue answers, expired posts, gauges.
  void tick(Instant now);

  // What the connections report.
  [[nodiscard]] bool may_connect();
  [[nodiscard]] Instant connects_at() const noexcept { return health_.connects_at(); }
  void connecting() noexcept { health_.connecting(); }
  void connection_ready();
  void connect_failed(std::string_view address, std::string_view error);
  // The first answer of a connection.
  void connection_proven();
  // A connection that was ready is gone, all its events given back. `suspect`: the event whose
  // answer was due.
  void connection_ended(EndpointHealth::End end, bool proven,
                        std::optional<EndpointHealth::Suspect> suspect, std::string_view address,
                        std::string_view error);
  // `leads`: the first event of its answer; a batch has several.
  void answered(EventSlot slot, const Response& response, Instant staged, bool leads);
  void given_back(EventSlot slot, bool sent, RetryReason reason);

  [[nodiscard]] Context& context() noexcept { return context_; }
  [[nodiscard]] const config::Endpoint& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] const tls::TlsSource* tls() const noexcept { return context_.tls; }
  [[nodiscard]] const config::Delivery& settings() const noexcept { return settings_; }
  [[nodiscard]] events::Encoder& encoder() noexcept { return encoder_; }
  [[nodiscard]] bool has_demand() const noexcept { return !queue_.empty(); }
  [[nodiscard]] EndpointState state() const noexcept { return health_.state(); }
  [[nodiscard]] std::vector<ConnectionStatus> connection_status() const;
  // What the eventbus said last that was not 2xx; its time is zero if it never did.
  [[nodiscard]] const BusAnswer& last_answer() const noexcept { return last_answer_; }

 private:
  // Stages waiting events as long as the connection takes them, as `room` requests at most; takes
  // those staged off `room`.
  void fill(EventbusConnection& connection, std::size_t& room, Instant now);
  void fill_batch(Multiplexer& mux, Instant now);
  // Takes the event that waits longest off the queue, for a connection.
  [[nodiscard]] EventSlot take();
  // The waiting line moves by leave of the endpoint's health.
  void flush_restrained(Instant now);
  void distribute(std::size_t& room, Instant now);
  [[nodiscard]] std::size_t requests_in_flight() const noexcept;
  void retry_later(EventSlot slot, const Response& response, Instant now);
  void give_up(const EventSlot& slot, FailReason why, unsigned status, std::string_view reason);
  void refuse(const EventSlot& slot, const Response& response);
  // Ends every post whose deadline is not after `limit`.
  void expire(Instant limit);
  void spool_expired();
  void arm_timer();
  void wake_at(Instant at);
  void on_timer();
  // More may be sent and connected than before.
  void restraint_eased();
  // Logs when the eventbus begins to fail and when it is well again.
  void give_up_late(const EventSlot& slot);
  void no_answer(std::string_view address, std::string_view error);
  // Returns the last answer that was not 2xx, null if that was longer ago than a post may wait.
  [[nodiscard]] const BusAnswer* latest_answer() const noexcept;
  // The drain rate and the gauges as they are now.
  void publish(Instant now);

  Context context_;
  const config::Delivery settings_;
  const config::Endpoint endpoint_;
  events::Encoder encoder_;
  DeliveryQueue queue_;
  const DeliveryPolicy policy_;
  Backoff backoff_;  // of single events
  EndpointHealth health_;
  RetryBudget retry_budget_;
  DrainRate drain_rate_;
  RetryJitter retry_jitter_{std::random_device{}()};
  // For retries that are due, and for the end of a wait that holds all of them up.
  Timer timer_;
  std::optional<Instant> timer_at_;
  std::vector<std::unique_ptr<EventbusConnection>> connections_;
  // Of posts that go to the spool; kept for their room.
  std::vector<Post*> overdue_;
  std::vector<EventSlot> withdrawn_;
  std::vector<EventSlot> in_flight_;
  std::size_t next_ = 0;  // the connection that is filled first
  BusAnswer last_answer_;
  bool stopping_ = false;
  std::size_t running_ = 0;  // coroutines of connections
  Signal joined_;
};

}  // namespace gateway::egress
