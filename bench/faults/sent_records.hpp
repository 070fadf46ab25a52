#pragma once
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "faults/record_mark.hpp"

namespace gateway::faults {

// What a loader posted and how the posts were answered. Plain values; not thread-safe. About 60
// bytes a record.
class SentRecords {
 public:
  struct Record {
    std::uint64_t data = 0;  // RecordMark::data
    std::uint32_t post = 0;
  };

  // A record of post `post`, counted from 0. Every record sent must have an identity of its own.
  void sent(std::uint32_t post, const RecordMark& record);
  // One attempt ended; `status` 0: no answer. A post once answered 200 stays acknowledged.
  void answered(std::uint32_t post, unsigned status);

  [[nodiscard]] bool acknowledged(std::uint32_t post) const noexcept {
    return post < acknowledged_.size() && acknowledged_[post] != 0;
  }
  [[nodiscard]] const std::unordered_map<std::uint64_t, Record>& records() const noexcept {
    return records_;
  }
  [[nodiscard]] std::uint64_t posts() const noexcept { return acknowledged_.size(); }
  [[nodiscard]] std::uint64_t posts_acknowledged() const noexcept { return posts_acknowledged_; }
  // Attempts answered otherwise than by 200, and not at all.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  [[nodiscard]] std::uint64_t unanswered() const noexcept { return unanswered_; }

 private:
  void grow(std::uint32_t post);

  std::unordered_map<std::uint64_t, Record> records_;  // by RecordMark::identity
  std::vector<std::uint8_t> acknowledged_;             // by post
  std::uint64_t posts_acknowledged_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t unanswered_ = 0;
};

}  // namespace gateway::faults
