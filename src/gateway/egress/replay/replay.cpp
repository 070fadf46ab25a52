#include "gateway/egress/replay/replay.hpp"

#include <boost/asio/post.hpp>
#include <new>
#include <span>
#include <utility>

#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

// An event that could not be delivered within so many times delivery.deadline, or within this time,
// rests for as long again, so that others are tried.
constexpr int kPatience = 5;
constexpr std::chrono::milliseconds kMostPatience = std::chrono::minutes(2);
// The marks of neighbours are written in one call.
constexpr std::size_t kRemovedTogether = 1024;

}  // namespace

std::chrono::milliseconds Replay::patience(std::chrono::milliseconds deadline) {
  return std::min(kPatience * deadline, kMostPatience);
}

void Replay::tick(Instant now) {
  finish_answered();
  for (auto& [post, chunk] : chunks_) note_settled(*post, chunk, now);
  return_rows();
  note_taken();
  if (const auto readings = source_.readings(); std::exchange(readings_, readings) != readings) {
    parked_ = 0;
    resting_.clear();
    unkept_.clear();
  }
  // Of parked rows whose file is gone nobody tells.
  parked_ = std::min<std::size_t>(parked_, source_.backlog());
  while (resting_.first_has_rested(settings_.patience, now)) end_first_rest(resting_);
  const auto unkept_rest = std::min(settings_.patience, kRestOfUnkept);
  while (unkept_.first_has_rested(unkept_rest, now)) end_first_rest(unkept_);
  for (auto& [post, chunk] : chunks_) end_patience(*post, chunk, now);
  pump();
}

void Replay::stop() {
  stopped_ = true;
  return_rows();
  note_taken();
  for (auto& [post, chunk] : chunks_) {
    context_.eventbus.withdraw(*post, FailReason::shutdown);
  }
  end_rest(resting_);
  end_rest(unkept_);
}

// Notes the events that were delivered while others of their post are still on their way, which may
// take long: a crash would have them sent again.
void Replay::note_settled(Post& post, Chunk& chunk, Instant now) {
  if (chunk.answered || now - chunk.begun < kNotedAfter) return;
  const std::size_t before = taken_rows_.size();
  taken_rows_.reserve(before + post.records());  // from here on nothing fails
  for (std::uint32_t i = 0; i < post.records(); ++i) {
    if (chunk.rows[i] == kNoted || !is_settled(post.states[i]) || post.has_failed(i)) continue;
    taken_rows_.push_back(std::exchange(chunk.rows[i], kNoted));
    --chunk.on_way;
    --rows_;
  }
  const std::size_t taken = taken_rows_.size() - before;
  expiry_.forget(std::span(taken_rows_).last(taken));
  if (settings_.outcome != nullptr) settings_.outcome->delivered(taken, now);
}

// Withdraws events that have been tried for long enough. Those whose turn has not come are tried
// later.
void Replay::end_patience(Post& post, Chunk& chunk, Instant now) {
  const Instant::duration age = now - chunk.begun;
  if (age > settings_.patience) {
    chunk.patience_over = true;
    context_.eventbus.withdraw(post, FailReason::deadline, [&](const EventSlot& slot) {
      if (slot.attempts == 0) chunk.withdrawn[slot.index] = Withdrawn::untried;
      return true;
    });
  } else if (age > kPatienceBesideOthers && makes_way()) {
    const bool probes_only = context_.eventbus.is_down() && rows_ > 1;
    context_.eventbus.withdraw(post, FailReason::deadline, [&](const EventSlot& slot) {
      const bool tried = slot.attempts != 0;
      if (tried ? !context_.eventbus.is_suspect(slot) : !probes_only) return false;
      chunk.withdrawn[slot.index] = tried ? Withdrawn::put_off : Withdrawn::untried;
      return true;
    });
  }
}

bool Replay::may_fetch() const noexcept {
  const std::size_t leased =
      rows_ + asked_ + taken_rows_.size() + parked_ + resting_.rows() + unkept_.rows();
  return source_.backlog() > leased;
}

bool Replay::has_others() const noexcept {
  return may_fetch() && (!exhausted_ || settings_.outcome != nullptr);
}

// While the eventbus is down others are tried in any case, as these may be why it seems to be.
bool Replay::makes_way() const noexcept {
  if (last_round_) return false;
  return has_others() || (context_.eventbus.is_down() && !resting_.empty());
}

std::size_t Replay::room() {
  if (unkept_.rows() >= kMostRows) return 0;
  // An eventbus that is down is probed with an event, so one is needed.
  if (context_.eventbus.is_down()) {
    return rows_ + asked_ == 0 && context_.eventbus.queue().empty() ? 1 : 0;
  }
  // New posts wait for what is on connections before them, so that beside them it is less.
  const Instant now = context_.clock.now();
  if (context_.ledger.events_open() != 0) window_.posts_seen(now);
  const bool beside = window_.beside_posts(now);
  const std::size_t window = std::min(window_.rows(now), settings_.most_rows);
  if (rows_ + asked_ >= window) return 0;
  if (beside && fetches_ >= kFetchesBesidePosts) return 0;
  // A single row may have more than all of these.
  const std::size_t bytes = bytes_ + (fetches_ + 1) * bytes_of_chunk();
  if (bytes > most_bytes_ && rows_ + asked_ != 0) return 0;
  // No more than the queue has room for: the rest would have to be given back again and again.
  const std::size_t room = context_.eventbus.queue().room();
  if (room <= asked_) return 0;
  const std::size_t chunk =
      std::clamp<std::size_t>(window / kChunksInSmallWindow, 1, kMostRows / kChunksInWindow);
  return std::min({window - rows_ - asked_, chunk, room - asked_, pace_.allowed(now)});
}

void Replay::pump() {
  const std::size_t fetches = exhausted_ ? 1 : kChunksInWindow;
  while (fetches_ < fetches && !stopped_ && !paused_) {
    const std::size_t rows = room();
    if (rows == 0) return;
    if (!has_others()) end_rest_without_others();
    if (!may_fetch() || !fetch(rows)) return;
  }
}

bool Replay::fetch(std::size_t rows) {
  // Those that come next may be the only events that the eventbus does not take.
  const bool suspected = context_.eventbus.is_down() || window_.fails();
  const bool newest = suspected && std::exchange(newest_, !newest_);
  const bool asked = source_.fetch(
      {settings_.target, rows, bytes_of_chunk(), newest},
      [this, rows, newest, executor = context_.executor](StoreOutcome<SpooledEvents> fetched) {
        SpooledEvents got;
        if (fetched) got = std::move(*fetched);
        asio::post(executor, [this, rows, newest, got = std::move(got)]() mutable {
          --fetches_;
          asked_ -= rows;
          take(std::move(got), newest);
        });
      },
      reader_.spare());
  if (!asked) return false;
  pace_.took(rows);
  ++fetches_;
  asked_ += rows;
  return true;
}

void Replay::return_rows() {
  if (returned_.empty()) return;
  source_.give_back(settings_.target, returned_);
  returned_.clear();
}

void Replay::take(SpooledEvents rows, bool newest) {
  exhausted_ = rows.empty();
  if (exhausted_) return;
  const std::size_t fetched = rows.size();
  const std::size_t bytes = rows.bytes();
  const std::size_t returned_before = returned_.size();
  // Until they are on their way it is known which they are.
  for (const auto& row : rows.entries()) returned_.push_back(row.seq);
  if (stopped_) return_rows();  // there may be no further tick
  if (stopped_ || !context_.eventbus.queue().admits(fetched, bytes)) return;
  rows_ += fetched;
  bytes_ += bytes;
  try {
    // The next are read while these are looked at.
    pump();
    const std::size_t unreadable = send(std::move(rows), newest);
    returned_.resize(returned_before);
    rows_ -= unreadable;
    parked_ += unreadable;
    if (unreadable == fetched) bytes_ -= bytes;
    if (settings_.outcome != nullptr) settings_.outcome->handed_over(fetched);
  } catch (const std::bad_alloc&) {
    rows_ -= fetched;
    bytes_ -= bytes;
    throw;
  }
  pump();
}

std::size_t Replay::send(SpooledEvents rows, bool newest) {
  const std::size_t fetched = rows.size();
  Chunk chunk;
  chunk.bytes = rows.bytes();
  chunk.newest = newest;
  RowReader::Events events = reader_.read(std::move(rows), context_.eventbus.encoder());
  const std::size_t unreadable = fetched - events.rows.size();
  if (settings_.outcome != nullptr) settings_.outcome->unreadable(unreadable);
  if (events.rows.empty()) return unreadable;
  chunk.take(events.rows);
  const Instant now = context_.clock.refresh();
  Post& post = context_.ledger.open(*this, now, chunk.added.front());
  post.stored = std::move(events.stored);
  post.passed_on = std::move(events.passed_on);
  post.routes = std::move(events.routes);
  post.replayed = true;
  post.target = settings_.target;
  chunk.begun = now;
  const std::span<EventSlot> slots = reader_.slots();
  try {
    context_.eventbus.queue().reserve_replayed(slots.size());
    chunks_.emplace(&post, std::move(chunk));
    context_.ledger.expect_replayed(post, static_cast<std::uint32_t>(slots.size()));
  } catch (...) {
    chunks_.erase(&post);
    context_.ledger.owner_gone(post);
    throw;
  }
  for (EventSlot& slot : slots) {
    slot.post = &post;
    context_.eventbus.queue().push_replayed(slot);
  }
  context_.eventbus.context().turn_end.request();
  return unreadable;
}

bool Replay::puts_off(const EventSlot& slot) {
  const auto entry = chunks_.find(slot.post);
  if (entry == chunks_.end() || !makes_way()) return false;
  Chunk& chunk = entry->second;
  if (context_.clock.now() - chunk.begun <= kPatienceBesideOthers) return false;
  chunk.withdrawn[slot.index] = Withdrawn::put_off;
  return true;
}

bool Replay::gives_up(const EventSlot& slot) {
  const auto entry = chunks_.find(slot.post);
  if (entry == chunks_.end()) return false;
  const Chunk& chunk = entry->second;
  const auto age = std::chrono::floor<std::chrono::milliseconds>(
      context_.clock.wall(context_.clock.now()) - chunk.added[slot.index]);
  Eventbus& eventbus = context_.eventbus;
  const auto verdict =
      expiry_.failing_answer(chunk.rows[slot.index], age, eventbus.state() == EndpointState::up,
                             eventbus.metrics().delivered.value());
  if (verdict == SpoolExpiry::Verdict::now) eventbus.context().metrics.events_expired.add();
  if (verdict == SpoolExpiry::Verdict::not_yet || !eventbus.spooler().keeps_dead_letters()) {
    return false;
  }
  return true;
}

void Replay::answer_ready(Post& post) {
  const auto entry = chunks_.find(&post);
  if (entry == chunks_.end()) return;
  entry->second.answered = true;
  try {
    asio::post(context_.executor, [this, &post] { finish_if_answered(post); });
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // The next tick finishes it.
  }
}

void Replay::finish_if_answered(Post& post) {
  const auto entry = chunks_.find(&post);
  if (entry != chunks_.end() && entry->second.answered) finish(post);
}

void Replay::finish_answered() {
  const auto answered = [](const auto& entry) { return entry.second.answered; };
  for (auto it = std::ranges::find_if(chunks_, answered); it != chunks_.end();
       it = std::ranges::find_if(chunks_, answered)) {
    finish(*it->first);
  }
}

void Replay::rest(RestingRows& resting, std::vector<Sequence> rows) noexcept {
  if (rows.empty()) return;
  try {
    if (stopped_) {
      source_.give_back(settings_.target, rows);
      return;
    }
    while (!resting.empty() && resting.rows() + rows.size() > kMostRows) end_first_rest(resting);
    resting.add(rows, context_.clock.now());
  } catch (const std::bad_alloc&) {
    // They are tried again at once.
    returned_.insert(returned_.end(), rows.begin(), rows.end());
  }
}

void Replay::end_first_rest(RestingRows& resting) {
  source_.give_back(settings_.target, resting.first());  // if there is no memory they rest on
  resting.remove_first();
}

void Replay::end_rest(RestingRows& resting) {
  while (!resting.empty()) end_first_rest(resting);
}

void Replay::end_rest_without_others() {
  if (settings_.outcome == nullptr) {
    if (resting_.first_has_rested(kShortestRest, context_.clock.now())) end_first_rest(resting_);
  } else if (!resting_.empty()) {
    last_round_ = true;
    end_rest(resting_);
  }
}

void Replay::note_taken() {
  if (taken_rows_.empty()) return;
  source_.note_delivered(taken_rows_);
  taken_rows_.clear();
}

// Finishes a chunk. The outcome of a row is the outcome of its event in the ledger.
void Replay::finish(Post& post) {
  const auto entry = chunks_.find(&post);
  // All memory is taken first, so that nothing is half done if there is none.
  std::vector<Sequence> again;
  std::vector<Sequence> unkept;
  again.reserve(post.failed());
  unkept.reserve(post.failed());
  taken_rows_.reserve(taken_rows_.size() + post.records());
  std::vector<unsigned> statuses(post.records());
  std::string reason;
  for (const Post::Failure& failure : post.failures) {
    statuses[failure.index] = failure.status;
    if (failure.status != 0) reason = failure.reason;
  }

  const Instant now = context_.clock.now();
  ReplayOutcome* const outcome = settings_.outcome;
  const Chunk chunk = std::move(chunks_.extract(entry).mapped());
  const std::size_t taken_before = taken_rows_.size();
  std::size_t refused = 0;
  std::size_t given_up = 0;
  std::size_t untried = 0;
  unsigned last_status = 0;
  rows_ -= chunk.on_way;
  bytes_ -= chunk.bytes;
  for (std::uint32_t i = 0; i < post.records(); ++i) {
    const Sequence row = chunk.rows[i];
    if (!post.has_failed(i)) {
      if (row != kNoted) taken_rows_.push_back(row);
    } else if (statuses[i] != 0) {
      ++refused;
      last_status = statuses[i];
      if (outcome != nullptr) outcome->refused(last_status, now);
    } else if (chunk.withdrawn[i] == Withdrawn::untried) {
      ++untried;
      returned_.push_back(row);  // has room for all
    } else if (chunk.withdrawn[i] == Withdrawn::put_off ||
               (outcome == nullptr && (chunk.patience_over || stopped_))) {
      again.push_back(row);
    } else if (outcome != nullptr) {
      ++given_up;
    } else {
      unkept.push_back(row);
    }
  }
  const std::size_t taken = taken_rows_.size() - taken_before;
  parked_ += refused + given_up;
  if (outcome != nullptr) {
    outcome->delivered(taken, now);
    outcome->put_off(again.size() + untried, now);
    outcome->not_delivered(given_up, chunk.begun, stopped_);
  }
  if (chunk.newest) {
    // One row says nothing of the others.
  } else if (post.failed() == 0) {
    window_.delivered(now - chunk.begun);
  } else if (post.failed() > post.records() / 2) {
    window_.not_delivered();
  }
  // Requests that were given up may still refer to their events.
  if (post.tally.held() == 0) reader_.keep_memory_of(post);
  context_.ledger.answer_taken(post, now);
  expiry_.forget(std::span(taken_rows_).last(taken));
  try {
    return_rows();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // The next tick gives them back.
  }
  rest(resting_, std::move(again));
  rest(unkept_, std::move(unkept));
  if (outcome == nullptr && refused != 0) {
    log::error("the eventbus refuses events of the spool and there are no dead letters; they stay",
               {{"events", refused}, {"status", last_status}, {"reason", reason}});
  }
  if (taken_rows_.size() >= kRemovedTogether || chunks_.empty() || stopped_) note_taken();
  pump();
}

}  // namespace gateway::egress
