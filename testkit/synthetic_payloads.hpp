#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/record_splitter.hpp"
#include "testkit/record_text.hpp"

namespace gateway::test {

struct PayloadMix {
  std::uint64_t seed = 1;
  unsigned max_records = 8;  // of one post, at least 1; most posts carry one
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

// Payloads with records by RecordMaker: mostly short ASCII keys, some long, some with blanks,
// Chinese or characters JSON must escape. The same seed gives the same bytes everywhere. No
// allocation once `post` has held the largest payload.
class SyntheticPayloads {
 public:
  explicit SyntheticPayloads(PayloadMix mix);

  // Replaces the contents of `post` by the next payload.
  void next(SyntheticPost& post);
  // From now on events happen at this time; without it their clock is their number.
  void happen_at(std::int64_t unix_seconds) noexcept { maker_.happen_at(unix_seconds); }

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) noexcept {
    return maker_.random().below(limit);
  }
  [[nodiscard]] unsigned record_count() noexcept;
  void choose_key();
  void append_record(std::string& out);

  unsigned max_records_;
  RecordMaker maker_;
  std::string key_;  // of the record being written, as plain UTF-8
};

}  // namespace gateway::test
