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

// Queues the frames that one watcher has yet to be sent. Frames are shared by all watchers. A
// watcher that does not keep up loses the oldest frames and is told how many. Not thread-safe.
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
  // Returns all frames in order and leaves the queue empty.
  [[nodiscard]] std::string take_all() {
    std::string all;
    for (const Frame& frame : std::exchange(frames_, {})) all += *frame;
    return all;
  }
  // Returns how many frames were lost since the last call.
  [[nodiscard]] std::uint64_t take_dropped() noexcept { return std::exchange(dropped_, 0); }

 private:
  std::deque<Frame> frames_;
  std::uint64_t dropped_ = 0;
};

// One client of /stream. Lives on the control thread.
class Watcher {
 public:
  explicit Watcher(const Executor& executor, bool wants_status)
      : arrived(executor), wants_status(wants_status) {}

  FrameQueue frames;
  Signal arrived;  // of frames, or of the end
  const bool wants_status;
};

// Carries settled events from the threads of all shards to the control thread, keeps the last
// failures, and gives every watcher what is new. Outlives the threads of the shards.
class EventFeed {
 public:
  static constexpr std::size_t kMostWatchers = 8;
  static constexpr std::size_t kFailuresKept = 20;

  explicit EventFeed(asio::io_context& control) : control_(control) {}
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // Returns whether there is a watcher. Any thread.
  [[nodiscard]] bool watched() const noexcept {
    return count_.load(std::memory_order_relaxed) != 0;
  }
  // Publishes an event, or drops it if the control thread does not keep up. Any thread.
  void settled(SettledEvent event);

  // The rest belongs to the control thread.

  // Adds a watcher, which must be detached before it is destroyed. Returns false if there are too
  // many.
  [[nodiscard]] bool attach(Watcher& watcher);
  void detach(Watcher& watcher);
  [[nodiscard]] std::size_t watchers() const noexcept { return watchers_.size(); }
  [[nodiscard]] bool status_wanted() const noexcept;
  // Sends the current /status to the watchers that want it.
  void tell_status(std::string_view json);

  // Returns the last failures, oldest first.
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
