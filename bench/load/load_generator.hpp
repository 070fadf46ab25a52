#pragma once
#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string_view>
#include <vector>

#include "load/arrival_schedule.hpp"
#include "load/histogram.hpp"
#include "load/load_totals.hpp"
#include "load/poller.hpp"
#include "load/prepared_posts.hpp"
#include "load/stream.hpp"
#include "runtime/ring.hpp"

namespace gateway::load {

class LoadConnection;

struct LoadSettings {
  sockaddr_in target{};
  unsigned connections = 1;
  unsigned depth = 1;          // posts outstanding on each
  std::optional<double> rate;  // posts per second of an open loop; without: a closed loop
  ArrivalSchedule::Kind arrivals = ArrivalSchedule::Kind::constant;
  bool new_connection_per_post = false;
  bool tls = false;
  unsigned sources = 1;  // loopback addresses to connect from; 1: whichever the kernel takes
  std::uint64_t seed = 1;
};

// Posts over many connections from one thread. In a closed loop each connection posts again as soon
// as it is answered; in an open loop posts fall due by a schedule, wait for a free connection if
// there is none, and their latency counts from when they were due: a server that stalls pays for
// every post it kept from being sent.
class LoadGenerator {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `poller` and `posts` must outlive it.
  LoadGenerator(Poller& poller, const LoadSettings& settings, PreparedPosts& posts);
  ~LoadGenerator();
  LoadGenerator(const LoadGenerator&) = delete;
  LoadGenerator& operator=(const LoadGenerator&) = delete;

  // Whether every connection is up, which advance() sees to. Where each post has a connection of
  // its own there is nothing to wait for.
  [[nodiscard]] bool connected() const noexcept;
  void start(TimePoint now);
  // Does what is due; to be called after each turn of the poller.
  void advance(TimePoint now);
  // When advance() is needed even if the poller has nothing to say.
  [[nodiscard]] TimePoint next_due(TimePoint now) const;
  // Latencies of posts meant to leave before then are not kept.
  void measure_from(TimePoint time) noexcept { measured_from_ = time; }
  // No more posts fall due; idle() says when those there are have ended.
  void stop() noexcept { running_ = false; }
  [[nodiscard]] bool idle() const noexcept { return outstanding_ == 0 && waiting_.empty(); }
  // Counts what is still open as unanswered, and closes everything.
  void give_up();

  [[nodiscard]] const LoadTotals& totals() const noexcept { return totals_; }
  [[nodiscard]] const Histogram& latencies() const noexcept { return latencies_; }

 private:
  friend class LoadConnection;
  struct Resting {
    LoadConnection* connection;
    TimePoint until;
    // The one that wakes first is on top of the queue.
    friend bool operator<(const Resting& a, const Resting& b) noexcept { return a.until > b.until; }
  };

  // Called by connections.
  void opened(LoadConnection& connection, TimePoint now);
  void completed(const PreparedPost& post, TimePoint intended, unsigned status, TimePoint now);
  void failed(std::string_view why, std::size_t posts);
  void has_room(LoadConnection& connection, TimePoint now);
  void rest(LoadConnection& connection, TimePoint until);

  void connect_more(TimePoint now);
  void begin(LoadConnection& connection, TimePoint intended);
  [[nodiscard]] LoadConnection* free_connection();
  [[nodiscard]] in_addr next_source() noexcept;

  Poller& poller_;
  LoadSettings settings_;
  PreparedPosts& posts_;
  SslContext tls_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::size_t begun_ = 0;       // of them, had their first connect
  std::size_t connecting_ = 0;  // of them, at it for the first time
  std::size_t up_ = 0;          // of them, connected at least once
  unsigned source_ = 0;

  bool running_ = false;
  std::optional<ArrivalSchedule> schedule_;
  Ring<TimePoint> waiting_;               // due, but no connection had room
  Ring<LoadConnection*> free_;            // each once at most; those that closed meanwhile included
  std::priority_queue<Resting> resting_;  // after a failure, or as they were told
  std::size_t outstanding_ = 0;

  TimePoint measured_from_;
  LoadTotals totals_;
  Histogram latencies_;
};

}  // namespace gateway::load
