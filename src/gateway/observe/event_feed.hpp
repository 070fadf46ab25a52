#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/observe/settled_event.hpp"
#include "runtime/asio.hpp"
#include "runtime/signal.hpp"

namespace gateway::observe {

// What one watcher has yet to be sent. Frames are shared by all watchers. A watcher that does not
// keep up loses the oldest ones and is told how many. Not thread-safe.
class FrameQueue {
 public:
  using Frame = std::shared_ptr<const std::string>;
  static constexpr std::size_t kMost = 256;

  void push(Frame frame) {
    if (frames_.size() == kMost) {
      frames_.pop_front();
      ++dropped_;
    }
    frames_.push_back(std::move(frame));
  }
  [[nodiscard]] bool empty() const noexcept { return frames_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return frames_.size(); }
  // All there is, in order. Afterwards the queue is empty.
  [[nodiscard]] std::string take_all() {
    std::string all;
    for (const Frame& frame : std::exchange(frames_, {})) all += *frame;
    return all;
  }
  // How many were lost since the last call.
  [[nodiscard]] std::uint64_t take_dropped() noexcept { return std::exchange(dropped_, 0); }

 private:
  std::deque<Frame> frames_;
  std::uint64_t dropped_ = 0;
};

// Somebody at /stream. Lives on the control thread.
class Watcher {
 public:
  explicit Watcher(const Executor& executor, bool wants_status)
      : arrived(executor), wants_status(wants_status) {}

  FrameQueue frames;
  Signal arrived;  // of frames, or of the end
  const bool wants_status;
};

// From the shards to the people: takes settled events from every shard's thread to the control
// thread, keeps the last failures, and hands every watcher what is new. Outlives the shards'
// threads.
class EventFeed {
 public:
  static constexpr std::size_t kMostWatchers = 8;
  static constexpr std::size_t kFailuresKept = 20;

  explicit EventFeed(asio::io_context& control) : control_(control) {}
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // Any thread: somebody looks.
  [[nodiscard]] bool watched() const noexcept {
    return count_.load(std::memory_order_relaxed) != 0;
  }
  // Any thread. Given up when the control thread does not keep up.
  void settled(SettledEvent event);

  // The rest belongs to the control thread.

  // False if there are enough. Who was attached is to be detached before it goes.
  [[nodiscard]] bool attach(Watcher& watcher);
  void detach(Watcher& watcher);
  [[nodiscard]] std::size_t watchers() const noexcept { return watchers_.size(); }
  [[nodiscard]] bool status_wanted() const noexcept;
  // /status as it is now, for those who want it.
  void tell_status(std::string_view json);

  // Oldest first.
  [[nodiscard]] const std::deque<SettledEvent>& failures() const noexcept { return failures_; }

 private:
  void tell(const SettledEvent& event);

  asio::io_context& control_;
  std::atomic<unsigned> count_{0};
  std::atomic<unsigned> on_the_way_{0};
  std::vector<Watcher*> watchers_;
  std::deque<SettledEvent> failures_;
};

}  // namespace gateway::observe
