#include "gateway/replay/row_source.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gateway::replay {

bool RowSource::fetch(std::size_t /*target*/, std::size_t max_rows, std::size_t max_bytes,
                      Fetched done, egress::SpooledEvents memory) {
  if (!error_.empty()) return false;
  memory.clear(max_bytes);
  const bool walks = walk_.available() || !walk_.at_end();
  const auto read =
      walks ? read_next(max_rows, max_bytes, memory) : read_returned(max_rows, max_bytes, memory);
  if (!read) {
    error_ = read.error().text();
    return false;
  }
  leased_ += memory.size();
  done(std::move(memory));
  return true;
}

egress::StoreResult RowSource::read_next(std::size_t max_rows, std::size_t max_bytes,
                                         egress::SpooledEvents& rows) {
  if (!walk_.available()) {
    if (auto read = walk_.read_on(); !read) return read;
  }
  while (walk_.available() && rows.size() < max_rows &&
         (rows.empty() || rows.bytes() + walk_.front().event.json.size() <= max_bytes)) {
    const egress::StoredRow row = walk_.take();
    rows.add(row.seq, row.added, row.event.json);
  }
  return {};
}

egress::StoreResult RowSource::read_returned(std::size_t max_rows, std::size_t max_bytes,
                                             egress::SpooledEvents& rows) {
  egress::SpooledChunk chunk;
  chunk.rows = std::move(rows);
  const auto is_returned = [this](const egress::RecordReader::Record& record) {
    return returned_.contains(record.seq);
  };
  while (chunk.rows.empty() && !returned_.empty()) {
    auto read =
        store_.read_spooled(*returned_.begin() - 1, is_returned, max_rows, max_bytes, chunk);
    if (!read) return read;
    // Those that were looked at and are not there were removed by somebody else.
    returned_.erase(returned_.begin(),
                    chunk.end ? returned_.end() : returned_.upper_bound(chunk.last));
  }
  rows = std::move(chunk.rows);
  return {};
}

bool RowSource::give_back(std::size_t /*target*/, std::vector<egress::Sequence> rows) {
  leased_ -= rows.size();
  returned_.insert(rows.begin(), rows.end());
  return true;
}

bool RowSource::note_delivered(std::vector<egress::Sequence> rows) {
  std::ranges::sort(rows);
  leased_ -= rows.size();
  if (kind_ == egress::StoreKind::spool) {
    const auto removed = store_.remove(rows);
    if (!removed) error_ = removed.error().text();
  } else {
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (const auto marked = store_.mark_replayed(rows, now); !marked) {
      error_ = marked.error().text();
    }
  }
  if (!error_.empty()) not_noted_ += rows.size();
  return error_.empty();
}

void RowSource::finish() {
  const auto synced = store_.sync_marks();
  if (!synced && error_.empty()) error_ = synced.error().text();
}

std::uint64_t RowSource::count_rest(Instant deadline) {
  std::uint64_t rest = returned_.size();
  returned_.clear();
  for (;;) {
    for (; walk_.available(); ++rest) static_cast<void>(walk_.take());
    if (!error_.empty() || walk_.at_end() || std::chrono::steady_clock::now() >= deadline) break;
    if (const auto read = walk_.read_on(); !read) error_ = read.error().text();
  }
  return rest;
}

}  // namespace gateway::replay
