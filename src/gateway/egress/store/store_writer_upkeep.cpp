// What the thread of a store does unasked: looks at the files, tries again after an error,
// publishes what there is.
#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "gateway/egress/store/store_writer.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

// Between two looks at the store's files.
constexpr auto kLookEvery = 1s;
constexpr auto kOldestEvery = 100ms;
// Nothing was appended for so long: the last segment may be deleted if all of it is removed.
constexpr auto kIdle = 2s;

}  // namespace

// Takes a step through the rows that were there at the start.
void StoreWriter::count_unclaimed() {
  const auto counted = leases_.count_on(*store_);
  publish();
  if (!counted) {
    log::warn("it cannot be counted how many events are for targets that are not configured",
              {{"error", counted.error().text()}});
  } else if (!leases_.counting() && leases_.unclaimed() != 0) {
    const bool spool = store_->kind() == StoreKind::spool;
    log::warn(
        "a store has events for targets that are not configured any more; they are kept",
        {{"file", store_->path()},
         {"events", leases_.unclaimed()},
         {"what_to_do",
          spool ? "`cos-gateway inspect --spool` shows their targets; stop the gateway, and "
                  "`cos-gateway replay --spool --target URL --to URL` sends them to another"
                : "`cos-gateway inspect --dead-letters` shows their targets, `cos-gateway replay "
                  "--dead-letters --target URL --to URL` sends them to another"}});
  }
}

void StoreWriter::keep_house() {
  const Instant now = std::chrono::steady_clock::now();
  if (now >= sync_at_) {
    sync_at_ = Instant::max();
    if (const auto synced = store_->sync_marks(); !synced) {
      // What is kept is not concerned.
      sync_at_ = now + limits_.retry_max;
      if (unsynced_told_.occurred(now)) {
        log::error(
            "the removal of delivered events cannot be flushed to the device; after a power cut "
            "they would be sent again",
            {{"error", synced.error().text()}});
      }
    }
  }
  if (now >= look_at_) look();
  if (now >= retry_at_) try_again();
}

// Finds out what others have done to the files.
void StoreWriter::look() {
  const Instant now = std::chrono::steady_clock::now();
  look_at_ = now + kLookEvery;
  const auto looked = store_->look(now - appended_at_ >= kIdle);
  if (!looked) failed(looked.error());
  const std::uint64_t vanished = store_->vanished_rows();
  if (const auto told = std::exchange(vanished_told_, vanished); told != vanished) {
    log::error(
        "files of the store were removed, moved or cut; the events in them are sent only if the "
        "files are put back",
        {{"file", store_->path()}, {"events", vanished - told}});
  }
  if (!store_->undeleted().empty() && undeleted_told_.occurred(now)) {
    log::warn(
        "a file of the store cannot be deleted, though all of its events are removed; see the "
        "owner and rights of its folder",
        {{"error", store_->undeleted()}});
  }
  publish();
  if (unwritable_.empty()) return;
  owed_.insert(owed_.end(), unwritable_.begin(), unwritable_.end());
  unwritable_.clear();
  remove_now();
}

void StoreWriter::try_again() {
  if (!owed_.empty()) {
    remove_now();
    if (!owed_.empty()) return;
  }
  const auto probed = store_->probe();
  if (probed) {
    succeeded();
  } else {
    failed(probed.error());
  }
}

void StoreWriter::succeeded() {
  retry_at_ = Instant::max();
  if (state() == StoreState::ok) {
    pause_ = 0ms;
    return;
  }
  // The pause stays as it is until an append has succeeded: a probe needs less.
  log::info("store is usable again", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
}

void StoreWriter::failed(const StoreError& error) {
  const StoreState state = state_of(error.kind());
  retry_at_ = std::chrono::steady_clock::now() + next_pause();
  {
    const std::lock_guard lock(mutex_);
    status_.error = error.text();
  }
  if (state_.exchange(state, std::memory_order_acq_rel) != state) {
    log::error("store refuses events", {{"state", name_of(state)}, {"error", error.text()}});
  }
}

std::chrono::milliseconds StoreWriter::next_pause() noexcept {
  return pause_ = std::clamp(2 * pause_, limits_.retry_initial, limits_.retry_max);
}

std::string StoreWriter::last_error() const {
  const std::lock_guard lock(mutex_);
  return status_.error;
}

void StoreWriter::publish() {
  const StoreTotals totals = store_->totals();
  const std::uint64_t unreadable = store_->left_alone();
  if (const auto finds = store_->finds(); std::exchange(finds_, finds) != finds) {
    std::vector<Sequence> delivered = owed_;
    delivered.insert(delivered.end(), unwritable_.begin(), unwritable_.end());
    leases_.begin_again(std::move(delivered));
    readings_.fetch_add(1, std::memory_order_release);
    log::info("files of a store were read anew: they, or its lock, had been moved or replaced",
              {{"file", store_->path()}, {"events", totals.rows}});
  }
  const std::uint64_t before = backlog_.exchange(totals.rows, std::memory_order_relaxed);
  const Instant now = std::chrono::steady_clock::now();
  std::optional<std::optional<WallInstant>> oldest;  // what cannot be read keeps what it had
  if (now >= oldest_at_ || before == 0 || totals.rows == 0) {
    oldest_at_ = now + kOldestEvery;
    if (const auto found = store_->oldest()) oldest.emplace(*found);
  }
  std::unique_lock lock(mutex_);
  status_.vanished = vanished_before_ + store_->vanished_rows();
  status_.taken_over = taken_over_before_ + store_->taken_over();
  status_.backlog_rows = totals.rows;
  status_.backlog_bytes = totals.bytes;
  status_.unclaimed = leases_.unclaimed();
  if (oldest) status_.oldest = *oldest;
  if (std::exchange(status_.unreadable_files, unreadable) >= unreadable) return;
  lock.unlock();
  for (const auto& [file, reason] : store_->unreadable_files()) {
    log::error("a file of the store cannot be read, or not all of it",
               {{"file", file}, {"reason", reason}});
  }
}

}  // namespace gateway::egress
