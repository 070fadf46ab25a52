#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/record_splitter.hpp"

namespace gateway::test {

struct PayloadMix {
  std::uint64_t seed = 1;
  unsigned max_records = 8;                       // of one post, at least 1; most posts carry one
  std::int64_t first_event_time = 1'700'000'000;  // Unix seconds
};

// One post's body and where its records lie in it.
class SyntheticPost {
 public:
  SyntheticPost() = default;

  std::string body;
  std::vector<events::RecordSpan> records;

  [[nodiscard]] std::string_view record(std::size_t index) const noexcept {
    return std::string_view(body).substr(records[index].offset, records[index].length);
  }
};

// COS trigger payloads as the platform sends them today (with cosRegion, s3Region and an ETag that
// has quotes in it): mostly short ASCII keys, some long, some with blanks, Chinese or characters
// JSON must escape. The same seed gives the same bytes everywhere. No two records are equal, as
// their x-cos-request-id counts up. No allocation once `post` has held the largest payload.
class SyntheticPayloads {
 public:
  explicit SyntheticPayloads(PayloadMix mix);

  // Replaces the contents of `post` by the next payload.
  void next(SyntheticPost& post);
  // From now on events happen at this time; without it their clock is their number.
  void happen_at(std::int64_t unix_seconds) noexcept;

 private:
  [[nodiscard]] std::uint64_t random() noexcept;
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) noexcept { return random() % limit; }
  [[nodiscard]] unsigned record_count() noexcept;
  void choose_key();
  void append_record(std::string& out);

  PayloadMix mix_;
  std::uint64_t state_;
  std::uint64_t made_ = 0;  // records
  std::string key_;         // of the record being written, as plain UTF-8
  std::string request_id_;  // likewise
};

}  // namespace gateway::test
