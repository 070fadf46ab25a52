#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/ring.hpp"
#include "testkit/arrival_schedule.hpp"
#include "testkit/histogram.hpp"
#include "testkit/poller.hpp"
#include "testkit/post.hpp"
#include "testkit/socket.hpp"
#include "testkit/stream.hpp"

namespace gateway::test {

class LoadConnection;

// What has been counted since the start of a load. Differences of two are what a window saw.
struct LoadTotals {
  std::uint64_t posts = 0;    // answered 2xx
  std::uint64_t records = 0;  // of them
  std::uint64_t bytes = 0;    // of their bodies
  // Attempts that came to nothing: by status, or by the reasons of PostSource::ended().
  std::map<std::string, std::uint64_t> errors;
};

struct LoadSettings {
  Address target = {};
  unsigned connections = 1;
  unsigned depth = 1;               // posts outstanding on each
  std::optional<double> rate = {};  // posts per second of an open loop; without: a closed loop
  ArrivalSchedule::Kind arrivals = ArrivalSchedule::Kind::constant;
  bool new_connection_per_post = false;
  // Connects when there is a post to be made, so that a server that is not there shows as posts
  // without an answer; else connections are there before the first post.
  bool connect_for_posts = false;
  bool tls = false;
  bool resume = false;   // a connection that is made again resumes its TLS session
  unsigned sources = 1;  // loopback addresses to connect from; 1: whichever the kernel takes
  std::chrono::nanoseconds timeout{0};  // for one answer; 0: none
  std::chrono::nanoseconds pause{0};    // before a post is made again, or another after a failure
  std::uint64_t seed = 1;
};

// Posts over many connections from one thread. In a closed loop each connection posts again as soon
// as it is answered; in an open loop posts fall due by a schedule, wait for a free connection if
// there is none, and their latency counts from when they were due: a server that stalls pays for
// every post it kept from being sent. A post that is made again keeps its connection busy.
class Load final : public Driven {
 public:
  // `poller` and `posts` must outlive it.
  Load(Poller& poller, const LoadSettings& settings, PostSource& posts);
  ~Load() override;

  // Returns whether every connection is up, which advance() sees to. Where connections are made for
  // posts there is nothing to wait for.
  [[nodiscard]] bool connected() const noexcept;
  void start(TimePoint now);
  void advance(TimePoint now) override;
  [[nodiscard]] TimePoint next_due(TimePoint now) override;
  // Latencies of posts meant to leave before then are not kept.
  void measure_from(TimePoint time) noexcept { measured_from_ = time; }
  // No more posts fall due and none is made again; idle() says when those there are have ended.
  void stop();
  // Those that fell due and wait for a connection are not made any more.
  void forget_waiting() noexcept { waiting_.clear(); }
  [[nodiscard]] bool idle() const noexcept { return outstanding_ == 0 && waiting_.empty(); }
  // Whether the source had no more posts and all there were have ended.
  [[nodiscard]] bool done() const noexcept { return exhausted_ && idle(); }
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
  struct Deadline {
    LoadConnection* connection;
    std::uint64_t serial;  // of the post on that connection
    TimePoint at;
  };

  // Called by connections.
  void opened(LoadConnection& connection, TimePoint now);
  // Returns whether the post is to be made again.
  [[nodiscard]] bool completed(const Post& post, TimePoint intended, unsigned status,
                               std::string_view body, TimePoint now);
  [[nodiscard]] bool failed(const Post& post, std::string_view why);
  void has_room(LoadConnection& connection, TimePoint now);
  void rest(LoadConnection& connection, TimePoint until);
  void expect_answer(LoadConnection& connection, std::uint64_t serial);
  [[nodiscard]] bool connects_for_posts() const noexcept {
    return settings_.new_connection_per_post || settings_.connect_for_posts;
  }

  void connect_more(TimePoint now);
  void end_overdue(TimePoint now);
  // Returns false if there is no post to begin.
  bool begin(LoadConnection& connection, TimePoint intended);
  [[nodiscard]] LoadConnection* free_connection();
  [[nodiscard]] in_addr next_source() noexcept;

  Poller& poller_;
  LoadSettings settings_;
  PostSource& posts_;
  SslContext tls_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::size_t begun_ = 0;       // of them, had their first connect
  std::size_t connecting_ = 0;  // of them, at it for the first time
  std::size_t up_ = 0;          // of them, connected at least once
  unsigned source_ = 0;

  bool running_ = false;
  bool exhausted_ = false;  // the source has no more posts
  std::optional<ArrivalSchedule> schedule_;
  Ring<TimePoint> waiting_;               // due, but no connection had room
  Ring<LoadConnection*> free_;            // each once at most; those that closed meanwhile included
  std::priority_queue<Resting> resting_;  // after a failure, or as they were told
  std::deque<Deadline> deadlines_;        // in their order, those met already included
  std::size_t outstanding_ = 0;           // posts, those to be made again included

  TimePoint measured_from_;
  LoadTotals totals_;
  Histogram latencies_;
};

}  // namespace gateway::test
