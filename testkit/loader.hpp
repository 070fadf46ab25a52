#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

#include "testkit/oracle.hpp"

namespace gateway::test {

struct LoaderSettings {
  std::uint16_t port = 0;  // of the gateway, on 127.0.0.1
  unsigned connections = 32;
  double rate = 0;                            // posts per second; 0: a closed loop
  std::uint64_t max_posts = 0;                // 0: no limit
  unsigned max_records = 4;                   // of one post
  unsigned attempts = 1'000'000;              // of one post
  std::chrono::milliseconds pause{50};        // before a post is made again
  std::chrono::milliseconds timeout{30'000};  // for one answer
  std::uint64_t seed = 1;
};

// Plays the relay in a thread of its own: posts synthetic payloads until it is told to stop, makes
// a post again with the same bytes until it is answered 200, and connects again when the gateway
// has gone. Tells an oracle of every record and every answer. Members may be called from any
// thread.
class Loader {
 public:
  // `oracle` must outlive it.
  Loader(const LoaderSettings& settings, Oracle& oracle);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // No more attempts; returns when those under way have ended, which takes the timeout at most.
  // Throws what ended the thread early, if anything did.
  void stop();

  // Returns whether max_posts were made and each was acknowledged or given up.
  [[nodiscard]] bool done() const noexcept;
  [[nodiscard]] std::uint64_t posts() const noexcept;
  [[nodiscard]] std::uint64_t posts_acknowledged() const noexcept;
  [[nodiscard]] std::uint64_t records_sent() const noexcept;
  // The longest time between two acknowledgements so far.
  [[nodiscard]] std::chrono::nanoseconds longest_silence() const noexcept;
  // The most attempts any post needed, or has had so far.
  [[nodiscard]] unsigned most_attempts() const noexcept;

 private:
  class Relay;
  std::unique_ptr<Relay> relay_;
};

}  // namespace gateway::test
