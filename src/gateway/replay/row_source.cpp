#include "gateway/replay/row_source.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gateway::replay {

bool RowSource::fetch(std::size_t /*target*/, std::size_t max_rows, std::size_t max_bytes,
                      Fetched done, egress::SpooledEvents memory) {
  if (!error_.empty()) return false;
  memory.clear(max_bytes);
  if (!walk_.available() && !walk_.at_end()) {
    if (const auto read = walk_.read_on(); !read) {
      error_ = read.error().text();
      return false;
    }
  }
  while (walk_.available() && memory.size() < max_rows &&
         (memory.empty() || memory.bytes() + walk_.front().event.json.size() <= max_bytes)) {
    const egress::StoredRow row = walk_.take();
    memory.add(row.seq, row.added, row.event.json);
  }
  leased_ += memory.size();
  done(std::move(memory));
  return true;
}

// The rows stay in the store, and this replay does not send them again.
bool RowSource::give_back(std::size_t /*target*/, std::vector<egress::Sequence> rows) {
  given_back_ += rows.size();
  leased_ -= rows.size();
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
  std::uint64_t rest = given_back_;
  for (;;) {
    for (; walk_.available(); ++rest) static_cast<void>(walk_.take());
    if (!error_.empty() || walk_.at_end() || std::chrono::steady_clock::now() >= deadline) break;
    if (const auto read = walk_.read_on(); !read) error_ = read.error().text();
  }
  return rest;
}

}  // namespace gateway::replay
