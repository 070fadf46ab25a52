#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "events/encoder.hpp"

namespace gateway::micro {

// The forms of records that have been observed.
enum class Form {
  current,      // since 2022: about 1,000 bytes, an ETag with quotes in it
  older,        // before: 899 bytes, no regions, no ETag
  indented,     // the current one as documentation and consoles show it, with white space
  awkward_key,  // a key of 850 bytes, as long as it may be, of Chinese, quotes and backslashes
};

// Of the bucket that all these records are of.
inline constexpr std::string_view kBucketHost = "bench-1250000000.cos.ap-guangzhou.myqcloud.com";

// Returns what events are encoded with, but for their mode and attributes.
[[nodiscard]] events::EncoderSettings bench_encoder();
[[nodiscard]] std::string record_of(Form form);
// Returns {"Records":[...]} with `records` equal records.
[[nodiscard]] std::string post_of(Form form, std::size_t records);
// Returns `text` with the padding behind it that simdjson may read.
[[nodiscard]] std::string padded(std::string text);

}  // namespace gateway::micro
