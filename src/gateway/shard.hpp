#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/destinations.hpp"
#include "gateway/ingress/ingress.hpp"
#include "gateway/metrics/loop_health.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/observe/event_sampler.hpp"
#include "gateway/observe/process_state.hpp"
#include "gateway/pipeline/intake.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/pipeline/route_plan.hpp"
#include "gateway/pipeline/target_hints.hpp"
#include "gateway/pipeline/target_room.hpp"
#include "gateway/tls/tls_source.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/asio.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/byte_shares.hpp"
#include "runtime/clock.hpp"
#include "runtime/signal.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/turn_end.hpp"

namespace gateway {

// Everything that one core needs and shares with no other: loop, listener, clients, destinations
// with their queues and connections, counters. Only its thread touches them; other threads use the
// functions that say so, and read the counters.
class Shard {
 public:
  // What all shards use. Outlives them.
  struct Shared {
    const config::Settings& settings;
    std::span<const config::Endpoint> endpoints;  // of the targets, the top-level one first
    std::span<egress::SharedPace> paces;          // to the targets
    ByteShares& bytes;
    ingress::ConnectionCount& connections;
    std::size_t shards;
    egress::Stores stores;
    observe::EventFeed& feed;
    const LoopHealth& loops;
    Supervisor& supervisor;
    std::size_t number = 0;                           // of this shard
    const tls::TlsSource* ingress_tls = nullptr;      // null: plain text
    const tls::TlsSource* delivery_tls = nullptr;     // for https targets, if there are any
    auth::SeenSignatures* seen_signatures = nullptr;  // null: not remembered
    std::function<void(unsigned)> renew_token = {};   // called on any thread; see Eventbus
  };

  // Binds `listen`, with SO_REUSEPORT if the shard is one of several. Throws
  // boost::system::system_error.
  Shard(const Shared& shared, const tcp::endpoint& listen);
  ~Shard() { join(); }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Runs the loop on a thread of its own, bound to `core` if there is one. Throws std::system_error
  // if there can be no thread.
  void start(std::optional<int> core);
  // For simulations, instead of start(): begin() starts everything, and each poll() runs on the
  // caller's thread what can run at this (virtual) time. Returns how many handlers ran.
  void begin();
  std::size_t poll();
  [[nodiscard]] bool has_ended() const noexcept { return ended_; }
  [[nodiscard]] const EventTally<std::uint64_t>& tally() const noexcept { return ledger_.tally(); }

  // Announces that stop() will follow: each answer ends its connection, so that clients connect
  // again, to another gateway if there is a balancer. Any thread.
  void leave();
  // Drains, at most until `deadline`, then ends the loop. Needs no memory. Any thread.
  void stop(Instant deadline) noexcept;
  // Returns when the loop has ended.
  void join();

  // Accepts posts that are signed with these tokens as well, whatever their buckets, instead of
  // those given before. `all`: every function of the configuration has been looked at, so that the
  // tokens of the others stand for their own buckets. Any thread.
  void also_accept(std::vector<Secret> tokens, bool all);
  // Has events sent with this token. Any thread.
  void authorize(egress::Authorization authorization);
  // Calls `done` with the status, on the shard's thread. Any thread.
  void ask_status(std::function<void(observe::ShardStatus)> done);
  [[nodiscard]] const ShardMetrics& metrics() const noexcept { return metrics_; }
  [[nodiscard]] const DestinationMetrics& metrics_of(std::size_t target) const noexcept {
    return destinations_.all()[target]->eventbus().metrics();
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void start_living();
  void start_parts();
  [[nodiscard]] Task<void> live();
  // Returns when every post is answered, or at the deadline.
  [[nodiscard]] Task<void> finished(Instant deadline);
  [[nodiscard]] Task<void> tick_loop();
  void start_ticking();
  // Starts the tick again, which starts other parts that have ended.
  void revive();
  void tick(Instant now);
  // Notes whether stop() was called.
  void look_for_stop();
  [[nodiscard]] Acceptor listen(const tcp::endpoint& at, bool shared_port);
  void end_of_turn();

  Supervisor::Part loop_part_;
  Supervisor::Part tick_part_;
  Supervisor::Part life_part_;  // from the start to the end of stopping
  Supervisor::Part listener_part_;
  ShardMetrics metrics_;
  // No locks around the sockets: only this shard's thread touches them; posting to it is allowed.
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  Clock clock_;
  BufferPool buffers_;
  ByteLeases leases_;
  Ledger ledger_;
  observe::EventSampler sampler_;
  TurnEnd turn_end_;
  transport::Transports transports_;
  egress::Destinations destinations_;
  TargetRoom room_;
  const RoutePlan plan_;
  TargetHints hints_;
  Intake intake_;
  std::uint16_t port_ = 0;
  ingress::Ingress ingress_;
  const std::chrono::milliseconds tick_every_;
  const std::chrono::milliseconds storing_time_;  // the part of the stop that is for storing
  Timer tick_timer_;
  Signal stop_wanted_;
  std::atomic<Instant> stop_asked_{Instant::max()};
  std::optional<Instant> stop_deadline_;
  bool started_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace gateway
