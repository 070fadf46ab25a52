#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <unordered_map>

#include "demo/poster.hpp"
#include "demo/synthetic_payloads.hpp"
#include "faults/record_mark.hpp"
#include "faults/sent_records.hpp"

namespace gateway::faults {

struct LoaderSettings {
  std::uint16_t port = 0;  // of the gateway, on 127.0.0.1
  unsigned connections = 32;
  double rate = 0;  // posts per second; 0: the next as soon as one is answered
  std::uint64_t max_posts = 0;
  unsigned max_records = 4;                   // of one post
  unsigned attempts = 1'000'000;              // of one post
  std::chrono::milliseconds pause{50};        // before a post is made again
  std::chrono::milliseconds timeout{30'000};  // for one answer
  std::uint64_t seed = 1;
};

// Plays the relay in a thread of its own: posts synthetic payloads until it is told to stop, makes
// a post again with the same bytes until it is answered 200, and connects again when the gateway
// has gone. Remembers every record and every answer.
//
// Members may be called from any thread, but sent() only after stop().
class Loader {
 public:
  explicit Loader(const LoaderSettings& settings);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // No more attempts; returns when those under way have ended, which takes the timeout at most.
  // Throws what ended the thread early, if anything did.
  void stop();

  // Whether max_posts were made and each was acknowledged or given up.
  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] std::uint64_t posts() const noexcept { return posts_; }
  [[nodiscard]] std::uint64_t posts_acknowledged() const noexcept { return acknowledged_; }
  [[nodiscard]] std::uint64_t records_sent() const noexcept { return records_; }
  // The longest time between two acknowledgements so far.
  [[nodiscard]] std::chrono::nanoseconds longest_silence() const noexcept {
    return silence_.load();
  }
  // The most attempts any post needed, or has had so far.
  [[nodiscard]] unsigned most_attempts() const noexcept { return most_attempts_; }
  [[nodiscard]] const SentRecords& sent() const noexcept { return sent_; }

 private:
  void prepare(std::uint64_t number, std::string& body);
  void report(const demo::PostResult& result);
  void run();

  demo::SyntheticPayloads payloads_;
  demo::SyntheticPost post_;
  RecordMarker marker_;
  SentRecords sent_;
  std::atomic<std::uint64_t> posts_{0};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> records_{0};
  std::atomic<bool> done_{false};
  std::chrono::steady_clock::time_point last_acknowledged_;
  std::unordered_map<std::uint64_t, unsigned> failed_;  // attempts, of posts not acknowledged yet
  std::atomic<std::chrono::nanoseconds> silence_{};
  std::atomic<unsigned> most_attempts_{0};

  boost::asio::io_context context_{1};
  demo::Poster poster_;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace gateway::faults
