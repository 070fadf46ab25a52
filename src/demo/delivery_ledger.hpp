#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gateway::demo {

// What came of a demonstration. A record is lost if its post was answered 200 and it never arrived.
struct Balance {
  std::uint64_t posts = 0;
  std::uint64_t answered_200 = 0;
  std::uint64_t answered_otherwise = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t records = 0;    // in all posts
  std::uint64_t delivered = 0;  // of them, arrived at least once
  std::uint64_t lost = 0;
  std::uint64_t duplicates = 0;               // arrivals beyond the first
  std::uint64_t strangers = 0;                // arrivals of something never sent in this form
  std::chrono::steady_clock::duration p50{};  // from sending the post to the event's arrival
  std::chrono::steady_clock::duration p99{};

  // Every post was acknowledged, and every acknowledgement was true.
  [[nodiscard]] bool good() const noexcept {
    return lost == 0 && strangers == 0 && answered_200 == posts;
  }
};

// Compares what was sent and acknowledged with what arrived. Records are told apart by their
// bytes, so an event whose data was altered on the way counts as a stranger and its record as lost.
class DeliveryLedger {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Latency = std::chrono::steady_clock::duration;

  void sent(std::uint64_t post, TimePoint now);
  void sent_record(std::uint64_t post, std::string_view record);
  // `status` 0: no answer.
  void answered(std::uint64_t post, unsigned status);
  // Since the record's post was sent; empty for a stranger.
  std::optional<Latency> arrived(std::string_view data, TimePoint now);

  // Cheap counters only: lost, p50 and p99 are left 0.
  [[nodiscard]] const Balance& so_far() const noexcept { return running_; }
  [[nodiscard]] Balance close() const;

 private:
  struct Post {
    TimePoint sent;
    unsigned status = 0;
  };
  struct Record {
    std::uint64_t post = 0;
    std::uint64_t arrivals = 0;
  };

  std::vector<Post> posts_;                          // by number
  std::unordered_map<std::size_t, Record> records_;  // by hash of their bytes
  std::vector<Latency> latencies_;                   // of first arrivals
  Balance running_;
};

}  // namespace gateway::demo
