#pragma once
#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include "runtime/ring.hpp"
#include "testkit/post.hpp"

namespace gateway::test {

// The posts of one connection that are not answered yet, in the order they leave. Sans-I/O.
class OutstandingPosts {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Outstanding {
    const Post* post = nullptr;
    TimePoint intended;  // when it should have left; its latency counts from then
  };

  // `post` must live until it is answered or abandoned.
  void begin(const Post& post, TimePoint intended) { posts_.push_back({&post, intended}); }
  [[nodiscard]] std::size_t outstanding() const noexcept { return posts_.size(); }
  [[nodiscard]] bool unsent() const noexcept { return sent_ < posts_.size(); }
  // Bytes to be sent next, and how many of `parts` they take.
  [[nodiscard]] std::size_t gather(std::span<iovec> parts);
  void sent(std::size_t bytes);

  // The oldest has been answered; nothing if there is none, which makes the answer a stray one.
  [[nodiscard]] std::optional<Outstanding> answered();
  // That answer came before all of its post had been sent: nothing more can be sent here.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  // Begins anew, on another connection.
  void clear() noexcept;

 private:
  Ring<Outstanding> posts_;
  std::size_t sent_ = 0;    // whole posts among them
  std::size_t offset_ = 0;  // sent of the one after
  bool broken_ = false;
};

}  // namespace gateway::test
