#pragma once
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/access/token_keeper.hpp"
#include "gateway/egress/eventbus/eventbus.hpp"
#include "gateway/egress/replay/replay.hpp"
#include "gateway/egress/rows/row_walk.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/replay/row_source.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/signal.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/turn_end.hpp"

namespace gateway::replay {

// What became of the events that were sent again:
// handed over = delivered + refused + failed + left + in flight.
struct ReplayCounts {
  ReplayCounts() = default;

  std::uint64_t handed_over = 0;
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;                   // by the eventbus, for good
  std::uint64_t failed = 0;                    // not delivered within delivery.deadline
  std::uint64_t left = 0;                      // not tried: the replay ended before
  std::map<unsigned, std::uint64_t> refusals;  // by status

  [[nodiscard]] std::uint64_t in_flight() const noexcept {
    return handed_over - delivered - refused - failed - left;
  }
};

struct ReplayOptions {
  ReplayOptions() = default;

  std::optional<config::Endpoint> endpoint;  // where they are sent; none: to the top-level target
  egress::StoreFilter filter;
  std::uint64_t limit = egress::RowWalk::kNoLimit;  // of events
  // Rows behind this one are not sent.
  egress::Sequence last = std::numeric_limits<egress::Sequence>::max();
  double rate = 0;          // events a second; 0: no limit
  bool on_signals = false;  // SIGINT and SIGTERM stop it
  // How long events on their way are waited for when it is stopped.
  std::chrono::milliseconds grace{5000};
};

// The progress that a console shows.
struct ReplayProgress {
  ReplayProgress() = default;

  ReplayCounts counts;
  double fraction = 0;  // of the store that is done, 0 to 1
  double per_second = 0;
};

struct ReplayResult {
  ReplayResult() = default;

  // Each is worse than the one before.
  enum class End : std::uint8_t {
    complete,     // every row was sent
    stopped,      // by a signal
    unavailable,  // the eventbus takes nothing; `error` says why if that is known
    store_failed  // likewise
  };

  End end = End::complete;
  std::string error;
  ReplayCounts counts;           // `left` includes what was not handed over
  std::uint64_t selected = 0;    // = delivered + refused + failed + left
  bool more = false;             // there are more than `selected`: not all were counted
  std::uint64_t damaged = 0;     // rows that cannot be sent
  std::uint64_t not_marked = 0;  // delivered, but the store could not be told

  // Adds the result of a replay to another target. The worse end counts.
  void add(const ReplayResult& other);
  [[nodiscard]] bool all_delivered() const noexcept {
    return end == End::complete && counts.delivered == selected && damaged == 0 && not_marked == 0;
  }
};

// Sends the events of a store to the eventbus again, by the same replay and the same egress as the
// gateway, and counts what becomes of them: delivered dead letters are marked, rows of a spool
// removed. Everything happens on the thread that calls run().
class Replayer final : private egress::ReplayOutcome {
 public:
  using OnProgress = std::function<void(const ReplayProgress&, Instant)>;

  // Throws std::invalid_argument for TLS files that cannot be used. `settings` are valid; `store`,
  // owned if it is a spool, outlives this. `on_progress` is called several times a second.
  Replayer(const config::Settings& settings, egress::EventStore& store, egress::StoreKind kind,
           ReplayOptions options, OnProgress on_progress = {});
  ~Replayer() override = default;
  Replayer(const Replayer&) = delete;
  Replayer& operator=(const Replayer&) = delete;

  // Returns when everything is sent, when the eventbus or the store fails, or after stop(). Call
  // once.
  [[nodiscard]] ReplayResult run();
  // Ends the replay: sends nothing more and waits for the grace period for events on their way. A
  // second call ends the wait. May be called on any thread.
  void stop();

 private:
  void handed_over(std::size_t events) override { counts_.handed_over += events; }
  void put_off(std::size_t events, Instant now) override;
  void delivered(std::size_t events, Instant now) override;
  void refused(unsigned status, Instant now) override;
  void not_delivered(std::size_t events, Instant begun, bool stopped) override;
  void unreadable(std::size_t rows) override;

  [[nodiscard]] Task<void> live();
  [[nodiscard]] Task<void> tick_loop();
  void watch_signals();
  void stop_now();
  [[nodiscard]] bool finished() const;
  void count_rest();
  [[nodiscard]] double fraction() const;
  void report(Instant now);

  RowSource source_;
  const ReplayOptions options_;
  const std::chrono::milliseconds deadline_;
  const OnProgress on_progress_;
  Supervisor supervisor_;
  ShardMetrics metrics_;
  const config::Endpoint endpoint_;
  asio::io_context context_{1};
  Clock clock_;
  Ledger ledger_;
  TurnEnd turn_end_;
  transport::Transports transports_;
  std::unique_ptr<tls::TlsSource> tls_;  // for an https target
  egress::Spooler spooler_;              // keeps nothing: what is sent is in a store already
  egress::SharedPace pace_;
  std::unique_ptr<egress::TokenKeeper> token_keeper_;  // with delivery.oauth2
  egress::Eventbus eventbus_;
  egress::Replay replay_;
  ReplayCounts counts_;
  Instant begun_{};
  std::optional<Instant> last_answer_;  // of the eventbus that settled an event
  bool unavailable_ = false;            // it settled none during an event's whole time
  std::uint64_t answered_before_ = 0;   // at the last report
  Instant reported_at_{};
  double per_second_ = 0;
  const std::chrono::milliseconds tick_every_;
  Timer tick_timer_;
  asio::signal_set signals_;
  Signal changed_;
  std::optional<Instant> stop_at_;  // once it has been stopped
  ReplayResult result_;
  bool ended_ = false;
};

}  // namespace gateway::replay
