// What the thread of a store does of what it was asked: appends, removes, reads.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "gateway/egress/store/store_writer.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

// A crash of the machine sends again at most what was removed in this time.
constexpr auto kMarksSynced = 100ms;

WallInstant wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

// What is not done of the turn has failed, for this reason. Can be called again if it throws.
void StoreWriter::give_up_turn(const StoreError& error) {
  tell_written();
  settle_group(error);
  tell_written();
  const auto refuse = [&](const Submission& submission) {
    submission.done(error);
    const std::lock_guard lock(mutex_);
    not_waiting(submission);
  };
  tell_each(turn_.submissions, refuse);
  tell_each(refused_, refuse);
  take_back_rows();
  owe_removals();
  tell_removed(error);
  if (!turn_.fetch) return;
  leases_.arrived(false);
  turn_.fetch->done(error);
  turn_.fetch.reset();
}

// With the lock: it will not be kept.
void StoreWriter::not_waiting(const Submission& submission) noexcept {
  requests_.settled(submission.events.size(), submission.bytes);
  status_.refused += submission.events.size();
}

void StoreWriter::take_back_rows() {
  tell_each(turn_.returns, [this](const StoreRequests::Return& back) {
    leases_.give_back(back.target, back.rows);
  });
}

void StoreWriter::append() {
  gather();
  if (state() != StoreState::ok) {
    settle_group(StoreError(StoreError::Kind::failing, last_error()));
    publish();
    tell_written();
    return;
  }
  StoreResult result = store_->append(group_, wall_now());
  const bool full = !result && result.error().kind() == StoreError::Kind::full;
  if (full && parts_.size() > 1) {
    append_each();
  } else {
    settle_group(result);
  }
  const Instant now = std::chrono::steady_clock::now();
  // A segment that was ended is synced now: with all others it would hold up the first removal.
  if (store_->has_unsynced_marks()) sync_at_ = std::min(sync_at_, now + kMarksSynced);
  if (full) {
    too_large(result.error());
  } else if (result) {
    appended_at_ = now;
    succeeded();
  } else {
    failed(result.error());
  }
  publish();
  tell_written();
}

// Appends the submissions of a group one by one, as there is no room for all of them.
void StoreWriter::append_each() {
  for (std::span<const StoredEvent> events(group_); !parts_.empty();) {
    const std::size_t count = parts_.front().events;
    settle_first(store_->append(events.first(count), wall_now()));
    tell_written();
    events = events.subspan(count);
  }
  group_.clear();
}

// There was no room for some events. If there is for others, the store is not full: these were too
// large for what is left.
void StoreWriter::too_large(const StoreError& error) {
  const auto probed = store_->probe();
  if (!probed) {
    failed(probed.error());
    return;
  }
  if (const auto posts = too_large_told_.occurred(std::chrono::steady_clock::now())) {
    log::warn(
        "posts with more events than the store has room for are refused, smaller ones are kept: "
        "see its max_bytes and the device",
        {{"file", store_->path()}, {"times", *posts}, {"error", error.text()}});
  }
  succeeded();
}

// Makes one group of the turn's submissions, all of them or none.
void StoreWriter::gather() {
  std::size_t events = 0;
  for (const Submission& submission : turn_.submissions) events += submission.events.size();
  std::vector<Done> dones;
  dones.reserve(turn_.submissions.size());
  parts_.reserve(turn_.submissions.size());
  if (turn_.submissions.size() > 1) group_.reserve(events);
  for (Submission& submission : turn_.submissions) {
    parts_.push_back({submission.events.size(), submission.bytes});
    dones.push_back(std::move(submission.done));
    if (group_.empty() && turn_.submissions.size() == 1) {
      group_.swap(submission.events);
    } else {
      std::move(submission.events.begin(), submission.events.end(), std::back_inserter(group_));
    }
  }
  turn_.submissions.clear();
  const std::lock_guard lock(mutex_);
  writing_ = std::move(dones);
}

// With the lock: counts what came of events that were being written.
void StoreWriter::count_settled(const Part& part) noexcept {
  requests_.settled(part.events, part.bytes);
  (written_ ? status_.appended : status_.refused) += part.events;
  status_.commits += written_ && part.events != 0 ? 1 : 0;
}

// It is known what came of the first part of the group.
void StoreWriter::settle_first(StoreResult result) {
  dones_.reserve(1);  // from here on nothing fails
  written_ = std::move(result);
  const Part part = parts_.front();
  parts_.erase(parts_.begin());
  const std::lock_guard lock(mutex_);
  count_settled(part);
  if (writing_.empty()) return;  // the watch has told it
  dones_.push_back(std::move(writing_.front()));
  writing_.erase(writing_.begin());
}

// It is known what came of the group. Those that the watch has told are not told again.
void StoreWriter::settle_group(StoreResult result) noexcept {
  written_ = std::move(result);
  Part whole;
  for (const Part& part : parts_) {
    whole.events += part.events;
    whole.bytes += part.bytes;
  }
  parts_.clear();
  group_.clear();
  const std::lock_guard lock(mutex_);
  count_settled(whole);
  dones_ = std::exchange(writing_, {});
}

void StoreWriter::tell_written() {
  tell_each(dones_, [this](const Done& done) { done(written_); });
}

void StoreWriter::tell_removed(const StoreResult& result) {
  tell_each(turn_.removals, [&](const StoreRequests::Removal& removal) {
    if (removal.done) removal.done(result);
  });
}

// The turn's removals are owed from now on.
void StoreWriter::owe_removals() {
  std::size_t rows = owed_.size();
  for (const StoreRequests::Removal& removal : turn_.removals) rows += removal.rows.size();
  owed_.reserve(rows);
  for (StoreRequests::Removal& removal : turn_.removals) {
    owed_.insert(owed_.end(), removal.rows.begin(), removal.rows.end());
    removal.rows.clear();
  }
}

void StoreWriter::remove_now() {
  owe_removals();
  // Chunks of several shards interleave; neighbours are cheaper to remove together.
  std::ranges::sort(owed_);
  std::vector<Sequence> unwritable;
  const auto removed = store_->remove(owed_, unwritable);
  StoreResult result;
  if (removed) {
    {
      const std::lock_guard lock(mutex_);
      status_.removed += *removed;
    }
    leases_.forget(owed_);
    owed_.clear();
    put_off_removals(unwritable);
    sync_at_ = std::min(sync_at_, std::chrono::steady_clock::now() + kMarksSynced);
    // There may be room again.
    if (state() == StoreState::full && *removed > 0) retry_at_ = Instant::min();
  } else {
    failed(removed.error());
    result = removed.error();
  }
  publish();
  tell_removed(result);
}

// Notes removals that cannot be written to their files. They are tried again at the next look.
void StoreWriter::put_off_removals(std::span<const Sequence> rows) {
  if (rows.empty()) return;
  if (unwritable_told_.occurred(std::chrono::steady_clock::now())) {
    log::warn(
        "files of a store cannot be written; delivered events in them are not removed until they "
        "can, and would be sent again after a restart; see their owner and rights, and the device",
        {{"file", store_->path()}, {"events", rows.size()}});
  }
  unwritable_.insert(unwritable_.end(), rows.begin(), rows.end());
}

void StoreWriter::serve() {
  StoreRequests::Fetch& fetch = *turn_.fetch;  // NOLINT(bugprone-unchecked-optional-access)
  StoreResult read;
  if (store_->owned()) {
    read = leases_.read(*store_, fetch.wanted, fetch.chunk);
  } else {
    read = StoreError(StoreError::Kind::in_use, "another process owns the store");
  }
  if (read) note_damaged(fetch.chunk);
  if (read && fetch.chunk.rows.empty() && !fetch.chunk.end) {
    // Much of other targets was passed over: others first, then further.
    const std::lock_guard lock(mutex_);
    requests_.add(std::move(fetch));
  } else if (read) {
    if (!std::exchange(readable_, true)) {
      log::info("store can be read again", {{"file", store_->path()}});
    }
    fetch.done(std::move(fetch.chunk.rows));
  } else {
    if (std::exchange(readable_, false)) {
      log::error("store cannot be read", {{"error", read.error().text()}});
    }
    fetch.done(read.error());
  }
  leases_.arrived(true);
  turn_.fetch.reset();
}

void StoreWriter::note_damaged(const SpooledChunk& chunk) {
  if (chunk.damaged.empty()) return;
  std::uint64_t rows = 0;
  for (const Sequence row : chunk.damaged) {
    if (row <= last_damaged_) continue;  // has been told, before the files were read anew
    last_damaged_ = row;
    ++rows;
    log::error("stored event is damaged", {{"file", store_->path()}, {"row", row}});
  }
  const std::lock_guard lock(mutex_);
  status_.damaged_rows += rows;
}

}  // namespace gateway::egress
