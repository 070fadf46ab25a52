#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "events/cos_record.hpp"

namespace gateway::test {

// What is kept of a COS record, so that ten million of them fit into memory. Only comparable with
// marks made by the same process.
struct RecordMark {
  std::uint64_t identity = 0;  // of object key and x-cos-request-id
  std::uint64_t data = 0;      // of every byte of the record

  friend bool operator==(const RecordMark&, const RecordMark&) = default;
};

[[nodiscard]] std::uint64_t hash_of(std::string_view text) noexcept;

// Makes marks. Not thread-safe; no allocation once it has seen the longest record.
class RecordMarker {
 public:
  // Data that is no COS record gets an identity no record has.
  [[nodiscard]] RecordMark mark(std::string_view data);

 private:
  events::CosRecordReader reader_;
  std::string identity_;
};

}  // namespace gateway::test
