#include "gateway/egress/rows/row_walk.hpp"

#include <algorithm>
#include <iterator>

namespace gateway::egress {
namespace {

constexpr std::size_t kChunkRows = 500;
constexpr std::size_t kChunkBytes = std::size_t{4} << 20;

}  // namespace

StoreResult RowWalk::read_on() {
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(limit_, kChunkRows));
  auto chunk = store_.select(filter_, at_, most, kChunkBytes);
  if (!chunk) return chunk.error();
  at_ = chunk->last;
  end_ = chunk->end || at_ >= last_;
  const std::uint64_t damaged_before = damaged_;
  std::ranges::copy_if(chunk->damaged, std::back_inserter(damaged_rows_),
                       [&](Sequence seq) { return seq <= last_ && ++damaged_ != 0; });
  const auto later =
      std::ranges::find_if(chunk->rows, [this](const StoredRow& row) { return row.seq > last_; });
  std::move(chunk->rows.begin(), later, std::back_inserter(rows_));
  limit_ -= rows_.size();
  if (!whole_rows_) limit_ -= damaged_ - damaged_before;
  if (first_ == 0) first_ = rows_.empty() ? at_ : rows_.front().seq;
  return {};
}

StoredRow RowWalk::take() {
  StoredRow row = std::move(rows_.front());
  rows_.pop_front();
  ++taken_;
  return row;
}

double RowWalk::fraction() const noexcept {
  if (at_end() && rows_.empty()) return 1;
  if (first_ == 0 || last_ < first_) return 0;
  const Sequence next = rows_.empty() ? at_ + 1 : rows_.front().seq;
  const auto part = static_cast<double>(next - first_) / static_cast<double>(last_ - first_ + 1);
  return std::clamp(part, 0.0, 1.0);
}

}  // namespace gateway::egress
