#include "gateway/egress/replay.hpp"

#include <boost/asio/post.hpp>
#include <new>
#include <span>
#include <utility>

#include "events/cloud_event.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

// An event that could not be delivered within so many times delivery.deadline, or within this time,
// is put off for as long again, so that others are tried.
constexpr int kPatience = 5;
constexpr std::chrono::milliseconds kMostPatience = std::chrono::minutes(2);
constexpr std::size_t kLargeEvent = std::size_t{256} << 10;
// A transaction that removes rows writes the pages beside them as well.
constexpr std::size_t kRemovedTogether = 1024;

// The index keeps the memory that the largest event took.
boost::system::result<void, events::Malformed> read_large(std::string_view json,
                                                          events::CloudEvent& event) {
  events::JsonIndex index;
  return events::read_stored_event(json, index, event);
}

template <class Memory>
Memory take_spare(std::vector<Memory>& spare) {
  if (spare.empty()) return {};
  Memory memory = std::move(spare.back());
  spare.pop_back();
  return memory;
}

std::size_t memory_of(const std::vector<events::CloudEvent>& events) noexcept {
  std::size_t bytes = 0;
  for (const events::CloudEvent& event : events) {
    bytes += event.data.capacity();
    for (const auto& attribute : event.attributes) bytes += attribute.value.capacity();
  }
  return bytes;
}

}  // namespace

std::chrono::milliseconds Replay::patience(std::chrono::milliseconds deadline) {
  return std::min(kPatience * deadline, kMostPatience);
}

void Replay::tick(Instant now) {
  finish_answered();
  return_rows();
  note_taken();
  if (const auto readings = source_.readings(); std::exchange(readings_, readings) != readings) {
    parked_ = 0;
    resting_rows_ = 0;
    resting_.clear();
  }
  // Of parked rows whose file is gone nobody tells.
  parked_ = std::min<std::size_t>(parked_, source_.backlog());
  const auto patience = settings_.patience;
  while (!resting_.empty() && now - resting_.front().since > patience) {
    resting_rows_ -= resting_.front().rows.size();
    source_.give_back(settings_.target, std::move(resting_.front().rows));
    resting_.pop_front();
  }
  for (auto& [post, chunk] : chunks_) {
    if (now - chunk.begun > patience) {
      context_.eventbus.withdraw(*post, FailReason::deadline);
    }
  }
  pump();
}

void Replay::stop() {
  stopped_ = true;
  return_rows();
  note_taken();
  for (auto& [post, chunk] : chunks_) {
    context_.eventbus.withdraw(*post, FailReason::shutdown);
  }
}

std::size_t Replay::room() {
  // An eventbus that is down is probed with an event, so one is needed.
  if (context_.eventbus.is_down()) {
    return rows_ + asked_ == 0 && context_.eventbus.queue().empty() ? 1 : 0;
  }
  // New posts wait for what is on its way before them, so that beside them it is less.
  const Instant now = context_.clock.now();
  if (context_.ledger.events_open() != 0) window_.posts_seen(now);
  const bool beside = window_.beside_posts(now);
  const std::size_t window = window_.rows(now);
  const std::size_t waiting = context_.eventbus.queue().waiting() + asked_;
  if (rows_ + asked_ >= window || (beside && waiting > kMostWaiting)) return 0;
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
  while (fetches_ < fetches && !stopped_ && !paused_ &&
         source_.backlog() > rows_ + asked_ + taken_rows_.size() + parked_ + resting_rows_) {
    const std::size_t rows = room();
    if (rows == 0 || !fetch(rows)) return;
  }
}

bool Replay::fetch(std::size_t rows) {
  const bool asked = source_.fetch(
      settings_.target, rows, bytes_of_chunk(),
      [this, rows, executor = context_.executor](StoreOutcome<SpooledEvents> fetched) {
        SpooledEvents got;
        if (fetched) got = std::move(*fetched);
        asio::post(executor, [this, rows, got = std::move(got)]() mutable {
          --fetches_;
          asked_ -= rows;
          take(std::move(got));
        });
      },
      take_spare(spare_rows_));
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

void Replay::take(SpooledEvents rows) {
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
    const std::size_t unreadable = send(std::move(rows));
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

std::size_t Replay::send(SpooledEvents rows) {
  const std::size_t fetched = rows.size();
  Chunk chunk;
  chunk.bytes = rows.bytes();
  chunk.rows.reserve(fetched);
  chunk.added.reserve(fetched);
  Post::Stored stored;
  std::vector<events::CloudEvent> passed_on;
  std::vector<std::uint16_t> routes;
  if (recognise(rows, stored.times, routes)) {
    for (const auto& row : rows.entries()) chunk.add(row);
    stored.text = rows.take_text();
  } else {
    stored.times.clear();
    routes.clear();
    passed_on = parse(rows, chunk);
    keep(std::move(rows));
  }
  const std::size_t unreadable = fetched - chunk.rows.size();
  if (chunk.rows.empty()) return unreadable;
  const Instant now = context_.clock.refresh();
  Post& post = context_.ledger.open(*this, now, context_.clock.wall(now));
  post.stored = std::move(stored);
  post.passed_on = std::move(passed_on);
  post.routes = std::move(routes);
  post.replayed = true;
  post.target = settings_.target;
  chunk.begun = now;
  try {
    context_.eventbus.queue().reserve(slots_.size());
    chunks_.emplace(&post, std::move(chunk));
    context_.ledger.expect_replayed(post, static_cast<std::uint32_t>(slots_.size()));
  } catch (...) {
    chunks_.erase(&post);
    context_.ledger.owner_gone(post);
    throw;
  }
  // In order: if chunks took turns all would be delivered at the same time, and no rows be read
  // until then.
  for (EventSlot& slot : slots_) {
    slot.post = &post;
    context_.eventbus.queue().push_last(slot);
  }
  context_.eventbus.context().turn_end.request();
  return unreadable;
}

// Sends rows that are events of records, which nearly all are, directly from the text that was
// read.
bool Replay::recognise(const SpooledEvents& rows, std::vector<WallInstant>& times,
                       std::vector<std::uint16_t>& routes) {
  events::Encoder& encoder = context_.eventbus.encoder();
  slots_.clear();
  times.reserve(rows.size());
  EventSlot slot;
  for (const auto& row : rows.entries()) {
    const std::string_view json = rows.json(row);
    const auto event = encoder.recognise(json);
    if (!event) return false;
    const auto before = static_cast<std::size_t>(event->record.data() - json.data());
    slot.id = event->id;
    slot.kind = event->kind;
    slot.offset = static_cast<std::uint32_t>(row.begin + before);
    slot.length = static_cast<std::uint32_t>(event->record.size());
    slots_.push_back(slot);
    ++slot.index;
    times.push_back(event->time);
    if (event->route != 0 && routes.empty()) routes.resize(times.size() - 1);
    if (event->route != 0 || !routes.empty()) routes.push_back(event->route);
  }
  return true;
}

std::vector<events::CloudEvent> Replay::parse(const SpooledEvents& rows, Chunk& chunk) {
  std::vector<events::CloudEvent> events = take_spare(spare_events_);
  events.resize(rows.size());
  slots_.clear();
  EventSlot slot;
  for (const auto& row : rows.entries()) {
    const std::string_view json = rows.json(row);
    events::CloudEvent& event = events[slot.index];
    const auto read = json.size() > kLargeEvent ? read_large(json, event)
                                                : events::read_stored_event(json, index_, event);
    if (!read) {
      if (settings_.outcome != nullptr) settings_.outcome->unreadable();
      log::error("a stored event cannot be read; it is left there",
                 {{"row", row.seq}, {"reason", read.error().reason()}});
      continue;
    }
    chunk.add(row);
    slot.length = static_cast<std::uint32_t>(event.data.size());
    slots_.push_back(slot);
    ++slot.index;
  }
  events.resize(slots_.size());
  return events;
}

void Replay::keep(SpooledEvents rows) {
  rows.clear(kMostKept);
  if (spare_rows_.size() < kChunksInWindow) spare_rows_.push_back(std::move(rows));
}

void Replay::keep_memory_of(Post& post) {
  if (!post.stored.times.empty()) {
    keep(SpooledEvents(std::move(post.stored.text)));
    post.stored = Post::Stored();
  } else if (spare_events_.size() < kChunksInWindow && memory_of(post.passed_on) <= kMostKept) {
    spare_events_.push_back(std::move(post.passed_on));
    post.passed_on.clear();
  }
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

// Keeps the rows leased for a time. If they were given back at once they would be fetched next, and
// while the eventbus takes other events the same few would be tried for ever.
void Replay::put_off(std::vector<Sequence> rows) noexcept {
  const std::size_t count = rows.size();
  if (!context_.eventbus.is_down() && resting_rows_ < kMostRows) {
    try {
      resting_.emplace_back();
      resting_.back() = {std::move(rows), context_.clock.now()};
      resting_rows_ += count;
      return;
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
      // The rows are tried again at once.
    }
  }
  returned_.insert(returned_.end(), rows.begin(), rows.end());
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
  again.reserve(post.failed());
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
  unsigned last_status = 0;
  rows_ -= chunk.rows.size();
  bytes_ -= chunk.bytes;
  for (std::uint32_t i = 0; i < post.records(); ++i) {
    if (!post.has_failed(i)) {
      taken_rows_.push_back(chunk.rows[i]);
    } else if (statuses[i] == 0) {
      again.push_back(chunk.rows[i]);
      if (outcome != nullptr) outcome->not_delivered(chunk.begun, stopped_);
    } else {
      ++refused;
      last_status = statuses[i];
      if (outcome != nullptr) outcome->refused(last_status, now);
    }
  }
  const std::size_t taken = taken_rows_.size() - taken_before;
  parked_ += refused;
  if (outcome != nullptr) {
    outcome->delivered(taken, now);
    parked_ += again.size();
    again.clear();
  }
  if (post.failed() == 0) {
    window_.delivered(now - chunk.begun);
  } else {
    window_.not_delivered();
  }
  // Requests that were given up may still refer to their events.
  if (post.tally.held() == 0) keep_memory_of(post);
  context_.ledger.answer_taken(post, now);
  expiry_.forget(std::span(taken_rows_).last(taken));
  if (!again.empty()) put_off(std::move(again));
  if (outcome == nullptr && refused != 0) {
    log::error("the eventbus refuses events of the spool and there are no dead letters; they stay",
               {{"events", refused}, {"status", last_status}, {"reason", reason}});
  }
  if (taken_rows_.size() >= kRemovedTogether || chunks_.empty() || stopped_) note_taken();
  pump();
}

}  // namespace gateway::egress
