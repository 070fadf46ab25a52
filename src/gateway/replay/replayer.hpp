#pragma once
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/egress/eventbus.hpp"
#include "gateway/egress/store/row_walk.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/replay/replay_book.hpp"
#include "gateway/replay/replay_pace.hpp"
#include "gateway/replay/replay_window.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/signal.hpp"
#include "runtime/turn_end.hpp"

namespace gateway::replay {

struct ReplayOptions {
  ReplayOptions() = default;

  egress::StoreFilter filter;
  std::uint64_t limit = egress::RowWalk::kNoLimit;  // of events
  double rate = 0;                                  // events a second; 0: as fast as it goes
  bool on_signals = false;                          // SIGINT and SIGTERM stop it
  // What events on their way get when it is stopped.
  std::chrono::milliseconds grace{5000};
};

// What a console shows meanwhile.
struct ReplayProgress {
  ReplayProgress() = default;

  ReplayCounts counts;
  double fraction = 0;  // of the store
  double per_second = 0;
};

struct ReplayResult {
  ReplayResult() = default;

  enum class End : std::uint8_t {
    complete,     // every row was sent
    stopped,      // by a signal
    unavailable,  // the eventbus takes nothing
    store_failed  // `error` says how
  };

  End end = End::complete;
  std::string error;
  ReplayCounts counts;           // `left` includes what was not handed over
  std::uint64_t selected = 0;    // = delivered + refused + failed + left
  bool more = false;             // there are more than `selected`: they were not all counted
  std::uint64_t damaged = 0;     // rows that cannot be sent
  std::uint64_t not_marked = 0;  // delivered, but the store could not be told

  [[nodiscard]] bool all_delivered() const noexcept {
    return end == End::complete && counts.delivered == selected && damaged == 0 && not_marked == 0;
  }
};

// Sends the events of a store to the eventbus again, through the same egress as the gateway, and
// notes what was delivered: dead letters are marked, rows of a spool removed. Each event is a post
// of its own, so that each has its own outcome. Everything happens on the thread that calls run().
class Replayer final : private PostOwner {
 public:
  using OnProgress = std::function<void(const ReplayProgress&, Instant)>;

  // Throws std::invalid_argument for TLS files that cannot be used. `settings` are valid; `store`,
  // owned if it is a spool, outlives this. `on_progress` is called several times a second.
  Replayer(const config::Settings& settings, egress::EventStore& store, egress::StoreKind kind,
           ReplayOptions options, OnProgress on_progress = {});
  ~Replayer() = default;
  Replayer(const Replayer&) = delete;
  Replayer& operator=(const Replayer&) = delete;

  // Until all is sent, or there is no point in going on, or it was stopped. Call once.
  [[nodiscard]] ReplayResult run();
  // Any thread: hands nothing more over, waits a little for what is on its way. The second time it
  // does not wait.
  void stop();

 private:
  void answer_ready(Post& post) override;

  [[nodiscard]] Task<void> live();
  [[nodiscard]] Task<void> tick_loop();
  void watch_signals();
  void stop_now();
  [[nodiscard]] bool finished() const noexcept;
  [[nodiscard]] bool ending() const noexcept;
  // Whether rows have to be read before anything more can be handed over.
  [[nodiscard]] bool must_read() const noexcept;
  // When to go on if nothing happens before.
  [[nodiscard]] Instant next_look() const noexcept;
  void read_on();
  void hand_over();
  void take_answers();
  void take_answer(Post& post, Instant now);
  // Tells the store what was delivered.
  void note_delivered();
  void count_rest();
  void report(Instant now) const;

  egress::EventStore& store_;
  const egress::StoreKind kind_;
  const ReplayOptions options_;
  const OnProgress on_progress_;
  ShardMetrics metrics_;
  asio::io_context context_{1};
  Clock clock_;
  Ledger ledger_;
  TurnEnd turn_end_;
  transport::Transports transports_;
  std::unique_ptr<tls::TlsSource> tls_;  // for an https target
  egress::Custody custody_;              // keeps nothing: what is sent is in a store already
  egress::Eventbus eventbus_;
  egress::RowWalk walk_;
  ReplayPace pace_;
  ReplayWindow window_;
  ReplayBook book_;
  std::unordered_map<const Post*, ReplayBook::Flight> flights_;
  std::vector<Post*> answered_;       // to be taken
  std::size_t since_checkpoint_ = 0;  // rows noted
  const std::chrono::milliseconds tick_every_;
  Timer tick_timer_;
  asio::signal_set signals_;
  Signal changed_;
  std::optional<Instant> stop_at_;  // once it has been stopped
  ReplayResult result_;
  bool ended_ = false;
};

}  // namespace gateway::replay
