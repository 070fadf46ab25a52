#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/record_splitter.hpp"
#include "testkit/distribution.hpp"
#include "testkit/event_mix.hpp"
#include "testkit/record_text.hpp"

namespace gateway::test {

// Which characters the key of an object has.
enum class KeyCharacters {
  usual,    // as users name objects: mostly short ASCII in folders, some long, some with blanks,
            // Chinese or what JSON must escape
  ascii,    // letters, digits, and a slash now and then
  percent,  // the same with what a URL must encode: blanks, %, +, &, #
  utf8,     // Chinese, accents and emoji: characters of two to four bytes
  escapes   // the same as ascii with what JSON must escape: quotes, backslashes, control characters
};

struct PayloadSettings {
  std::string bucket{kRecordBucket};
  Distribution records{1};  // of one post; 0 counts as 1
  KeyCharacters characters = KeyCharacters::ascii;
  // Bytes of UTF-8, without application and bucket; 0 counts as 1. Usual keys have their own.
  Distribution key_length{40};
  Distribution metadata{0};  // bytes of x-cos-meta- members, about
  EventMix events = {};
  std::uint64_t seed = 1;
};
// Returns what a bucket reports that users fill: usual keys, and mostly one record a post, but up
// to `most_records`.
[[nodiscard]] PayloadSettings usual_payloads(unsigned most_records, std::uint64_t seed = 1);

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

// Makes COS trigger payloads of records by RecordMaker. The same settings give the same bytes
// everywhere. No two records are equal. Nothing is allocated once `post` has held the largest
// payload.
class SyntheticPayloads {
 public:
  explicit SyntheticPayloads(PayloadSettings settings);

  // Replaces the contents of `post` by the next payload.
  void next(SyntheticPost& post);
  // From now on events happen at this time; without it their clock is their number.
  void happen_at(std::int64_t unix_seconds) noexcept { maker_.happen_at(unix_seconds); }

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) noexcept {
    return maker_.random().below(limit);
  }
  void choose_usual_key();
  void choose_key();
  void choose_metadata();
  void append_record(std::string& out);

  PayloadSettings settings_;
  RecordMaker maker_;
  std::string key_;  // of the record being written, as plain UTF-8
  std::string metadata_;
};

}  // namespace gateway::test
