// How the writer of a store comes from one that cannot be used to one that can: opened at last,
// tried again after a failure, filled with what could be read of a damaged file.
#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include "gateway/egress/store/store_writer.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {

using namespace std::chrono_literals;

// What comes in meanwhile is told at once that there is nothing to be had. False: the end.
bool StoreWriter::open_at_last() {
  for (;;) {
    retry_after_ = std::clamp(2 * retry_after_, limits_.retry_initial, limits_.retry_max);
    const Instant at = std::chrono::steady_clock::now() + retry_after_;
    do {
      StoreError why;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_until(lock, at, [this] {
          return stopping_ || !removals_.empty() || !returns_.empty() || !fetches_.empty();
        });
        if (stopping_) return false;
        returns_.clear();
        why = {StoreError::Kind::unusable, error_};
      }
      refuse_waiting(why);
    } while (std::chrono::steady_clock::now() < at);
    if (try_to_open()) return true;
  }
}

bool StoreWriter::try_to_open() {
  auto opened = opening_();
  if (!opened) {
    const StoreError error = opened.error();
    state_.store(state_of(error.kind()), std::memory_order_release);
    const std::lock_guard lock(mutex_);
    if (std::exchange(error_, error.text()) == error.text()) return false;
    log::error(error.kind() == StoreError::Kind::in_use
                   ? "another process has taken the store; what it would keep is refused"
                   : "the store still cannot be opened; what it would keep is refused",
               {{"error", error.text()}});
    return false;
  }
  store_ = std::move(*opened);
  opening_ = nullptr;
  retry_after_ = 0ms;
  notice_new_file();
  publish();
  log::info("store has been opened", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
  return true;
}

void StoreWriter::try_again() {
  if (!owed_.empty()) {
    remove_now({});
    if (!owed_.empty()) return;
  }
  const auto result = store_->probe();
  notice_new_file();
  if (result) {
    succeeded();
  } else {
    failed(result.error());
  }
}

// New events are to have at least half of the device.
void StoreWriter::salvage_some() {
  const Instant begun = std::chrono::steady_clock::now();
  if (begun < salvage_at_) return;
  const auto step = store_->salvage();
  notice_new_file();
  const Instant ended = std::chrono::steady_clock::now();
  if (!step) {
    // A store without room for what was saved may still have some for new events.
    salvage_at_ = ended + limits_.retry_max;
    if (step.error().kind() != StoreError::Kind::full) failed(step.error());
    return;
  }
  salvage_at_ = ended + (ended - begun);
  salvaged_.add(step->rows);
  if (step->rows != 0) publish();
  const auto& finished = step->finished;
  if (!finished) return;
  log::warn("what could be read of a damaged store is in the new one",
            {{"file", finished->file},
             {"events", finished->rows},
             {"bytes", finished->bytes},
             {"bytes_lost", step->bytes_lost}});
}

void StoreWriter::succeeded() {
  retry_at_ = Instant::max();
  if (state() == StoreState::ok) {
    retry_after_ = 0ms;
    return;
  }
  // retry_after_ stays as it is until an append has succeeded: a probe needs less.
  log::info("store is usable again", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
}

void StoreWriter::failed(const StoreError& error) {
  const StoreState state = state_of(error.kind());
  retry_after_ = std::clamp(2 * retry_after_, limits_.retry_initial, limits_.retry_max);
  retry_at_ = std::chrono::steady_clock::now() + retry_after_;
  {
    const std::lock_guard lock(mutex_);
    error_ = error.text();
  }
  if (state_.exchange(state, std::memory_order_acq_rel) != state) {
    log::error("store refuses events", {{"state", name_of(state)}, {"error", error.text()}});
  }
}

// What waits when the store turns bad is told at once: its clients can be answered.
void StoreWriter::refuse_waiting(const StoreError& error) {
  std::deque<Submission> submissions;
  std::deque<Removal> removals;
  std::deque<Fetch> fetches;
  {
    const std::lock_guard lock(mutex_);
    submissions.swap(submissions_);
    if (stopping_ || !store_) {
      removals.swap(removals_);
      fetches.swap(fetches_);
    }
    for (const Submission& submission : submissions) {
      waiting_events_ -= submission.events.size();
      waiting_bytes_ -= submission.bytes;
      refused_.fetch_add(submission.events.size(), std::memory_order_relaxed);
    }
  }
  for (Submission& submission : submissions) submission.done(error);
  for (Removal& removal : removals) {
    if (removal.done) removal.done(error);
  }
  for (Fetch& fetch : fetches) fetch.done(error);
}

void StoreWriter::notice_new_file() {
  const auto& aside = store_->moved_aside();
  if (aside.size() == files_seen_) return;
  for (; files_seen_ < aside.size(); ++files_seen_) {
    log::error("store was damaged and has been moved aside; a new one is in its place",
               {{"file", store_->path()}, {"moved_to", aside[files_seen_]}});
  }
  leases_.forget_all();
  owed_.clear();
  publish();
}

}  // namespace gateway::egress
