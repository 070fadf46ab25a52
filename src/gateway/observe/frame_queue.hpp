#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

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

}  // namespace gateway::observe
