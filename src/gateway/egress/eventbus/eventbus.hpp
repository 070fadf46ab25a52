#pragma once
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "events/encoder.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/domain/bus_answer.hpp"
#include "gateway/egress/access/authorization.hpp"
#include "gateway/egress/address/address_watch.hpp"
#include "gateway/egress/eventbus/connection_pool.hpp"
#include "gateway/egress/eventbus/spooler.hpp"
#include "gateway/egress/policy/answer_times.hpp"
#include "gateway/egress/policy/batch_size.hpp"
#include "gateway/egress/policy/delivery_policy.hpp"
#include "gateway/egress/policy/endpoint_health.hpp"
#include "gateway/egress/policy/request_limit.hpp"
#include "gateway/egress/policy/retry_advice.hpp"
#include "gateway/egress/policy/retry_budget.hpp"
#include "gateway/egress/policy/shared_pace.hpp"
#include "gateway/metrics/destination_metrics.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/pipeline/delivery.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/tls/tls_source.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/random_seed.hpp"
#include "runtime/supervisor.hpp"
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

// One shard's way to one eventbus: the queue, the connections, and what becomes of every answer.
// Lives on the shard's thread.
class Eventbus final : public Delivery {
 public:
  // What it uses of its shard; all outlive it.
  struct Context {
    Executor executor;
    Clock& clock;
    Ledger& ledger;
    Spooler& spooler;
    SharedPace& pace;
    ShardMetrics& metrics;
    TurnEnd& turn_end;  // calls flush()
    transport::Transports& transports;
    Supervisor& supervisor;               // of the connections
    const tls::TlsSource* tls = nullptr;  // for an https target
    // With delivery.oauth2: asks for another token than the one with this number.
    std::function<void(unsigned number)> renew_token = {};
  };

  // Throws std::logic_error for an endpoint with TLS and a context without.
  Eventbus(Context context, const config::Settings& settings, const config::Endpoint& endpoint);
  Eventbus(const Eventbus&) = delete;
  Eventbus& operator=(const Eventbus&) = delete;

  void start();
  // Gives up what is left, ends the connections and waits for their coroutines.
  [[nodiscard]] Task<void> stop();

  // Makes the room that end_expired() needs, which then needs no memory. Throws std::bad_alloc.
  void make_room_for_expired();
  // The time of these posts is up: none of their events is sent any more. With a spool they go
  // there; without one those that wait are given up.
  void end_expired(std::span<Post* const> posts);
  // Gives up every event of `post` that waits, or those of them that `which` says yes to.
  void withdraw(Post& post, FailReason why,
                const std::function<bool(const EventSlot&)>& which = {});

  // Returns whether an event that was not taken is known to be the reason: it was not sent with
  // others in a batch.
  [[nodiscard]] bool is_suspect(const EventSlot& slot) const noexcept;

  [[nodiscard]] Spooler& spooler() noexcept { return context_.spooler; }

  // What those who take posts in see.
  [[nodiscard]] bool is_down() const noexcept override {
    return health_.state() == EndpointState::down || health_.state() == EndpointState::probing;
  }
  [[nodiscard]] bool can_spool() const noexcept override { return context_.spooler.can_spool(); }
  void spool(Post& post, std::span<const EventSlot> events) override {
    context_.spooler.spool(post, events, {});
  }
  [[nodiscard]] std::chrono::seconds retry_after() override {
    return retry_advice_.wait(queue_.events());
  }

  // Has events sent with this token from now on, or says why there is none. With delivery.oauth2
  // nothing is sent before the first.
  void authorize(const Authorization& authorization);

  // The end of a loop turn: stages waiting events on connections with room, writes them.
  void flush();
  // Every tick of the shard: overdue answers, retries that are due, gauges.
  void tick(Instant now);

  // What the connections use.
  [[nodiscard]] const TokenUse& token() const noexcept { return token_; }
  [[nodiscard]] AddressWatch& addresses() noexcept { return addresses_; }
  // To receive into; what is not used at once is to be copied.
  [[nodiscard]] std::span<char> input() noexcept { return input_; }
  // Returns a session for a new connection; null for an http target.
  [[nodiscard]] std::unique_ptr<tls::TlsSession> new_session(tls::Ticket ticket);
  // How long an event sent `attempts` times before may wait for its answer at `at`, if that is less
  // than delivery.timeout: where there are other addresses, one that hangs is found out sooner.
  [[nodiscard]] Instant::duration patience(const tcp::endpoint& at, unsigned attempts) noexcept;
  // Returns whether the eventbus has left this new connection without an answer for so long, while
  // it answered over others, that it seems to serve no more; only with delivery.connections: auto.
  [[nodiscard]] bool serves_others_only(EventbusConnection& one, Instant now) const noexcept;
  [[nodiscard]] ConnectionPool& pool() noexcept { return pool_; }

  // What the connections report.
  [[nodiscard]] bool may_connect() { return health_.may_connect(context_.clock.refresh()); }
  [[nodiscard]] Instant connects_at() const noexcept { return health_.connects_at(); }
  void connecting() noexcept { health_.connecting(); }
  void connection_ready(const tcp::endpoint& at);
  void connection_closed(const tcp::endpoint& at) { addresses_.book().closed(at); }
  // `since`: when it was begun.
  void connect_failed(Instant since, std::string_view address, std::string_view error);
  // The first answer of a connection.
  void connection_proven(const tcp::endpoint& at);
  // Nothing has come from there since `since`, though an answer is due.
  void address_silent(const tcp::endpoint& at, Instant since, std::string_view what);
  // A connection that was ready is gone, all its events given back. `lost`: the event whose
  // answer was due.
  void connection_ended(EndpointHealth::End end, bool proven,
                        std::optional<EndpointHealth::EventKey> lost, std::string_view address,
                        std::string_view error);
  // A request of `mux` was answered; takes all of its events.
  void answered(Multiplexer& mux);
  // `announced`: the eventbus had said that it would not take it on this connection.
  void given_back(EventSlot slot, bool sent, bool announced, RetryReason reason);
  // The eventbus ends a connection with its answer number `answers`, and says so; or goes on.
  void end_announced(std::uint32_t answers) noexcept { request_limit_.announced(answers); }
  void goes_on(std::uint32_t answers) noexcept { request_limit_.outlived(answers); }

  [[nodiscard]] Context& context() noexcept { return context_; }
  [[nodiscard]] const config::Endpoint& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] const tls::TlsSource* tls() const noexcept { return context_.tls; }
  [[nodiscard]] const config::Delivery& settings() const noexcept { return settings_; }
  [[nodiscard]] events::Encoder& encoder() noexcept { return encoder_; }
  // How many requests a connection may be sent; 0: any number.
  [[nodiscard]] std::uint32_t request_limit() const noexcept { return request_limit_.value(); }
  [[nodiscard]] bool has_demand() const noexcept { return !queue_.empty(); }
  [[nodiscard]] EndpointState state() const noexcept { return health_.state(); }
  [[nodiscard]] std::vector<ConnectionStatus> connection_status() const;
  // What the eventbus said last that was not 2xx; its time is zero if it never did.
  [[nodiscard]] const BusAnswer& last_answer() const noexcept { return last_answer_; }
  // Returns the same, null if it was longer ago than a post may wait.
  [[nodiscard]] const BusAnswer* latest_answer() const noexcept;
  [[nodiscard]] const DestinationMetrics& metrics() const noexcept { return metrics_; }

 private:
  // For how long an answer asks to be sent nothing (Retry-After), if it does.
  using AskedWait = std::optional<std::chrono::seconds>;
  void start_addresses();
  void start(EventbusConnection& connection);
  // Has `run` supervised as `part`; it counts in running_ until it has ended for good.
  void start(Supervisor::Part& part, std::function<Task<void>()> run,
             std::function<void()> give_back);
  // Stages waiting events as long as the connection takes them, as `room` requests at most; takes
  // those staged off `room`.
  void fill(EventbusConnection& connection, std::size_t& room, Instant now);
  void fill_batch(Multiplexer& mux, Instant now);
  // Takes the event that waits longest off the queue, for a connection.
  [[nodiscard]] EventSlot take();
  void not_delivered(Multiplexer& mux, Verdict verdict, Instant now);
  void split(Multiplexer& mux);
  // Whether the token, rather than the event, was refused with this answer: the event is sent again
  // with another one.
  [[nodiscard]] bool lacks_token(const EventSlot& slot, const Response& response, Instant staged,
                                 Instant now);
  // Has connections end that would send events with a token that has expired.
  void look_at_token(Instant now);
  [[gnu::always_inline]] void good_answer(Instant staged) {
    ++taken_;
    if (health_.good_answer(staged)) restraint_eased();
  }
  // The waiting line moves by leave of the endpoint's health.
  void flush_restrained(Instant now);
  void distribute(std::size_t& room, Instant now);
  void count_connections(Instant now);
  void retry_later(EventSlot slot, const Response& response, AskedWait asked, Instant now);
  [[nodiscard]] bool put_off(const EventSlot& slot);
  // Has an event wait in the queue for the time of its next attempt.
  void delay(const EventSlot& slot, Instant due);
  void give_up(const EventSlot& slot, FailReason why, unsigned status, std::string_view reason);
  void refuse(const EventSlot& slot, const Response& response);
  void spool_expired(std::span<Post* const> posts);
  void arm_timer();
  void wake_at(Instant at);
  void on_timer();
  [[nodiscard]] bool may_retry(const EventSlot& slot, Instant now);
  // Nothing holds back what waits.
  [[nodiscard]] bool unrestrained() const noexcept {
    return health_.unrestrained() && !context_.pace.active();
  }
  // Takes note of an answer that is worth a retry, and of what it asks for. Returns whether that is
  // meant for every event: a single request that came too early has to wait for its back-off only.
  bool note_failure(const EventSlot& slot, unsigned status, AskedWait asked, Instant staged,
                    Instant now);
  void tell_pace(Instant now) noexcept;
  // While events are let through one by one none needs to wait for its own time.
  void release_early(Instant now);
  // More may be sent and connected than before.
  void restraint_eased();
  // Gives up an event whose post's deadline has passed.
  void give_up_late(const EventSlot& slot);
  void no_answer(std::string_view address, std::string_view error);
  // The drain rate and the gauges as they are now.
  void publish(Instant now);

  Context context_;
  const config::Delivery settings_;
  const config::Endpoint endpoint_;
  events::Encoder encoder_;
  const DeliveryPolicy policy_;
  Backoff backoff_;  // of single events
  EndpointHealth health_;
  RequestLimit request_limit_;
  std::uint64_t taken_ = 0;  // requests that the eventbus has taken, or refused for good
  std::uint64_t told_ = 0;   // of them, those that the pace knows of
  RetryBudget retry_budget_;
  TokenUse token_;
  bool token_expired_ = false;     // as connections have been told
  std::size_t sharing_leave_ = 0;  // of further events, for the last leave that was taken
  RetryAdvice retry_advice_{static_cast<std::uint32_t>(random_seed())};
  // For retries that are due, and for the end of a wait that holds all of them up.
  Timer timer_;
  std::optional<Instant> timer_at_;
  AddressWatch addresses_;
  ConnectionPool pool_;
  Instant answered_at_{};  // last, over any connection
  AnswerTimes answer_times_;
  std::optional<Instant> budget_at_;  // retries that are due wait for the budget until then
  std::array<char, std::size_t{16} << 10> input_;
  DestinationMetrics metrics_;
  // Of posts that go to the spool; kept for their room.
  std::vector<EventSlot> withdrawn_;
  std::vector<EventSlot> in_flight_;
  std::vector<EventSlot> halves_;  // of a batch that is split; kept for its room
  BatchSize batch_size_;
  SecretFilter secrets_;  // that the eventbus is sent
  BusAnswer last_answer_;
  bool stopping_ = false;
  std::size_t running_ = 0;  // coroutines of connections, and of addresses_
  Signal joined_;
};

}  // namespace gateway::egress
