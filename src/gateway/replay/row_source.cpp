#include "gateway/replay/row_source.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gateway::replay {

bool RowSource::fetch(const egress::RowsWanted& wanted, Fetched done,
                      egress::SpooledEvents memory) {
  if (!error_.empty()) return false;
  memory.clear(wanted.max_bytes);
  const bool walks = walk_.available() || !walk_.at_end();
  const auto read = walks ? read_next(wanted, memory) : read_returned(wanted, memory);
  if (!read) {
    error_ = read.error().text();
    return false;
  }
  leased_ += memory.size();
  done(std::move(memory));
  return true;
}

egress::StoreResult RowSource::read_next(const egress::RowsWanted& wanted,
                                         egress::SpooledEvents& rows) {
  if (!walk_.available()) {
    if (auto read = walk_.read_on(); !read) return read;
  }
  while (walk_.available() && rows.size() < wanted.max_rows &&
         (rows.empty() || rows.bytes() + walk_.front().event.json.size() <= wanted.max_bytes)) {
    const egress::StoredRow row = walk_.take();
    rows.add(row.seq, row.added, row.event.json);
  }
  return {};
}

egress::StoreResult RowSource::read_returned(const egress::RowsWanted& wanted,
                                             egress::SpooledEvents& rows) {
  egress::SpooledChunk chunk;
  chunk.rows = std::move(rows);
  const auto is_returned = [this](const egress::RecordReader::Record& record) {
    return returned_.contains(record.seq);
  };
  while (chunk.rows.empty() && !returned_.empty()) {
    auto read = store_.read_spooled(*returned_.begin() - 1, is_returned, wanted.max_rows,
                                    wanted.max_bytes, chunk);
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
  std::string failure;
  if (kind_ == egress::StoreKind::spool) {
    const auto removed = store_.remove(rows);
    if (!removed) failure = removed.error().text();
  } else {
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (const auto marked = store_.mark_replayed(rows, now); !marked) {
      failure = marked.error().text();
    }
  }
  if (failure.empty()) return true;
  not_noted_ += rows.size();
  error_ = std::move(failure);
  return false;
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
