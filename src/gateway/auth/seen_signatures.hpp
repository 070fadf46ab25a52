#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "runtime/clock.hpp"

namespace gateway::auth {

// A signature is good for some minutes, and within them whoever has seen a post can send it again.
// gateway.replay_window closes that: this remembers the posts of the last while, by a number that
// is made of the signature's code, and tells when one comes again. One for a process, shared by its
// shards. Thread-safe.
class SeenSignatures {
 public:
  // About 64 bytes each.
  static constexpr std::size_t kMost = 1'000'000;

  enum class Seen {
    never,   // is remembered from now on
    before,  // within the window
    full     // as `never`, but the oldest had to be forgotten before its window was over
  };

  explicit SeenSignatures(std::chrono::milliseconds window, std::size_t most = kMost)
      : window_(window), most_(most) {}

  [[nodiscard]] Seen note(std::uint64_t post, Instant now);
  // Forgets a post that was not taken: its sender may repeat it as it is.
  void forget(std::uint64_t post);

 private:
  struct Entry {
    std::uint64_t post;
    Instant at;
  };

  const Instant::duration window_;
  const std::size_t most_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Instant> posts_;  // when each was noted
  std::deque<Entry> in_order_;  // of being noted; what was forgotten stays here until its time
};

}  // namespace gateway::auth
