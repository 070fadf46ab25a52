#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/domain/outcome.hpp"
#include "gateway/metrics/counter.hpp"
#include "gateway/metrics/per_reason.hpp"

namespace gateway {

// What a shard counts of each entry of `buckets`, so that only buckets of the configuration become
// values of a label. Written by the shard's thread, read by any.
class BucketCounters {
 public:
  // Makes room for entries of these buckets, by number; before anything is counted or read.
  void make(std::vector<std::string> buckets) {
    names_ = std::move(buckets);
    if (!names_.empty()) rows_ = std::make_unique<Row[]>(names_.size());
  }
  // Returns the buckets, `name-appid`, by number of their entries.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

  // `route`: as Post::routes has it; 0 is counted nowhere.
  void add(std::uint16_t route, BucketOutcome outcome) noexcept {
    if (route != 0) rows_[route - 1].outcomes[outcome].add();
  }
  void arrived(std::uint16_t route, std::chrono::milliseconds since_1970) noexcept {
    if (route != 0) rows_[route - 1].last.set(static_cast<std::uint64_t>(since_1970.count()));
  }

  // Of the entry with this number, from 0.
  [[nodiscard]] std::uint64_t value(std::size_t entry, BucketOutcome outcome) const noexcept {
    return rows_[entry].outcomes[outcome].value();
  }
  // Returns when the last record of this entry arrived, in milliseconds since 1970; 0 if none did.
  [[nodiscard]] std::uint64_t last_arrival(std::size_t entry) const noexcept {
    return rows_[entry].last.value();
  }

 private:
  struct Row {
    PerReason<BucketOutcome, Counter> outcomes;
    Gauge last;
  };

  std::vector<std::string> names_;
  std::unique_ptr<Row[]> rows_;
};

}  // namespace gateway
