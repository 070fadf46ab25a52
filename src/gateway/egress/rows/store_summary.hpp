#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gateway/egress/store/event_store.hpp"

namespace gateway::egress {

// What there is in a store, or of it what a filter wants. Plain value; rows come in any order.
class StoreSummary {
 public:
  void add(const StoredRow& row);
  void set_damaged(std::uint64_t rows) noexcept { damaged_ = rows; }

  [[nodiscard]] std::uint64_t rows() const noexcept { return totals_.rows; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return totals_.bytes; }
  [[nodiscard]] std::uint64_t damaged() const noexcept { return damaged_; }
  // Returns several lines: rows, bytes, oldest, newest, damaged rows, rows of each bucket, and of
  // each target if there are others than the top-level one; for dead letters also how many have
  // been replayed and how many there are of each reason.
  [[nodiscard]] std::string text(StoreKind kind) const;

 private:
  StoreTotals totals_;
  using Counts = std::map<std::string, std::uint64_t>;
  Counts by_reason_;
  Counts by_bucket_;
  Counts by_target_;
  std::uint64_t replayed_ = 0;
  std::uint64_t damaged_ = 0;
  std::optional<WallInstant> oldest_;
  std::optional<WallInstant> newest_;
};

}  // namespace gateway::egress
