#include "gateway/pipeline/ledger.hpp"

#include <cassert>
#include <new>

#include "gateway/domain/answers.hpp"
#include "runtime/kept_memory.hpp"
#include "runtime/log.hpp"

namespace gateway {
namespace {

// What a client that has to come again because of a store is told: the store is tried again by
// then.
constexpr std::chrono::seconds kStoreRetryAfter{5};
// What a post that is reused keeps of its memory: that of so many events, and so many bytes of
// text.
constexpr std::size_t kMostEventsKept = 4096;
constexpr std::size_t kMostTextKept = 4096;
constexpr std::size_t kMostPassedOnKept = 64;
// Notes of failed events have no bound but these, and an eventbus may refuse every event of every
// post with words of its own.
constexpr std::size_t kMostReasonBytes = std::size_t{16} << 10;

// Returns the answer that `make` makes, or one that needs no memory: the client is to come again.
template <class Make>
Answer made(Make make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    Answer answer;
    answer.status = 503;
    answer.unavailable = Unavailable::memory;
    return answer;
  }
}

// Returns whether unanswered() counts the post.
bool is_awaited(const Post& post) noexcept {
  return !post.states.empty() && !post.replayed;
}

}  // namespace

Post& Ledger::open(PostOwner& owner, Instant now, WallInstant wall) {
  Post* post = nullptr;
  if (free_.empty()) {
    free_.reserve(posts_.size() + 1);  // so that giving it back never allocates
    post = &posts_.emplace_back();
  } else {
    post = free_.back();
    free_.pop_back();
  }
  post->owner = &owner;
  post->received = now;
  post->time = wall;
  post->state = Post::State::open;
  post->in_reply_line = true;
  ++in_use_;
  return *post;
}

void Ledger::expect(Post& post, std::uint32_t records) {
  post.begin_events(records, EventState::queued);
  tally_.add(EventState::queued, records);
  post.deadline = post.received + deadline_;
  deadlines_[post.target].push_back(post);
  ++unanswered_[post.target];
  metrics_.records_received.add(records);
}

void Ledger::expect_replayed(Post& post, std::uint32_t records) {
  post.begin_events(records, EventState::queued);
  post.replayed = true;
}

void Ledger::refuse(Post& post, Answer refusal) {
  assert(post.states.empty());
  answer(post, std::move(refusal));
}

void Ledger::settle(Post& post) {
  assert(post.tally.open() == 0);
  if (post.failed() != 0) {
    answer(post, made([&] { return answers::partly_failed(post); }));
    return;
  }
  // The common answer is written by the reply line from the number alone: no string for it.
  post.answer.status = 200;
  post.state = Post::State::answered;
  if (is_awaited(post)) --unanswered_[post.target];
  post.deadline_hook.unlink();
  if (post.owner != nullptr) post.owner->answer_ready(post);
  if (!post.in_reply_line) reuse_if_done(post);
}

void Ledger::answer(Post& post, Answer with) {
  assert(post.state == Post::State::open);
  post.answer = std::move(with);
  if (post.answer.unavailable) metrics_.posts_unavailable[*post.answer.unavailable].add();
  post.state = Post::State::answered;
  if (is_awaited(post)) --unanswered_[post.target];
  post.deadline_hook.unlink();
  if (post.owner != nullptr) post.owner->answer_ready(post);
  reuse_if_done(post);
}

EventState Ledger::impossible(const EventSlot& slot, EventMove move) {
  Post& post = *slot.post;
  ++impossible_moves_;
  post.inconsistent = true;
  const bool known = slot.index < post.states.size();
  if (const auto times = impossible_told_.occurred(SteadyClock::now())) {
    log::error("an event made a move that cannot be, which is a bug: please report it",
               {{"move", label(move)},
                {"from", known ? label(post.states[slot.index]) : "no such event"},
                {"times", *times}});
  }
  if (known && !is_settled(post.states[slot.index])) {
    set(post, slot.index, EventState::failed);
    if (!post.replayed) metrics_.events_failed[FailReason::internal].add();
    count(post, slot.index, BucketOutcome::failed);
    note_failure(post, slot, 0, "internal error");
    after_move(post);
  }
  return kImpossible;
}

void Ledger::show_good(const EventSlot& slot, Outcome outcome, unsigned status) {
  --to_show_;
  show(slot, outcome, status, {});
}

void Ledger::show_failure(const EventSlot& slot, Outcome outcome, unsigned status,
                          std::string_view reason) {
  if (failures_to_show_ == 0) return;
  --failures_to_show_;
  show(slot, outcome, status, reason);
}

void Ledger::show(const EventSlot& slot, Outcome outcome, unsigned status,
                  std::string_view reason) {
  try {
    observer_->settled(slot, outcome, status, reason);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // It is a sample: the next one is shown.
  }
}

void Ledger::delivered(const EventSlot& slot, unsigned status) {
  Post& post = *slot.post;
  const EventState now = move(slot, EventMove::deliver);
  if (now == kImpossible) return;
  if (now != EventState::spooled) {
    if (to_show_ != 0) [[unlikely]]
      show_good(slot, Outcome::delivered, status);
    (post.replayed ? metrics_.events_replayed : metrics_.events_delivered).add();
    count(post, slot.index, BucketOutcome::delivered);
  }
  after_move(post);
}

void Ledger::filtered(const EventSlot& slot) {
  Post& post = *slot.post;
  if (move(slot, EventMove::filter) == kImpossible) return;
  metrics_.events_filtered.add();
  count(post, slot.index, BucketOutcome::filtered);
  after_move(post);
}

void Ledger::dead_lettered(const EventSlot& slot, unsigned status, std::string_view reason) {
  Post& post = *slot.post;
  if (move(slot, EventMove::keep_in_dead_letters) == kImpossible) return;
  show_failure(slot, Outcome::dead_lettered, status, reason);
  (post.replayed ? metrics_.events_replayed : metrics_.events_dead_lettered).add();
  count(post, slot.index, BucketOutcome::dead_lettered);
  after_move(post);
}

void Ledger::failed(const EventSlot& slot, FailReason why, unsigned status,
                    std::string_view reason) {
  Post& post = *slot.post;
  const bool late = why == FailReason::deadline;
  const EventState now = move(slot, late ? EventMove::withdraw : EventMove::give_up);
  if (now == kImpossible) return;
  if (now == EventState::failed || now == EventState::withdrawn) {
    if (!post.replayed) {
      metrics_.events_failed[why].add();
      count(post, slot.index, BucketOutcome::failed);
      show_failure(slot, Outcome::failed, status, reason);
    }
    note_failure(post, slot, status, reason);
  }
  after_move(post);
}

// For the answer of a post that is owed one.
void Ledger::note_failure(Post& post, const EventSlot& slot, unsigned status,
                          std::string_view reason) {
  if (post.state == Post::State::answered) return;
  if (!post.replayed) {
    if (post.failures.size() >= answers::kMostNamed) return;
    if (reason.size() > kMostReasonBytes - post.reason_bytes) reason = {};
    post.reason_bytes += reason.size();
  }
  try {
    post.failures.push_back({slot.index, status, std::string(reason)});
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // The answer counts it without naming it: Post::failed() knows.
  }
}

inline void Ledger::after_move(Post& post) {
  if (post.state == Post::State::open) {
    if (post.tally.open() == 0) settle(post);
  } else {
    reuse_if_done(post);
  }
}

void Ledger::time_out(Post& post, const BusAnswer* latest) {
  answer(post, made([&] { return answers::deadline_passed(post, latest); }));
}

void Ledger::begin_storing(Post& post, Instant now) {
  assert(post.state == Post::State::open);
  post.expired = true;
  post.deadline = now + kStorePatience;
  post.deadline_hook.unlink();
  storing_.push_back(post);
}

std::uint32_t Ledger::spool_spoke(Post& post, const EventSlot& shown, EventMove said,
                                  EventState outcome) {
  std::uint32_t events = 0;
  for (std::uint32_t i = 0; i < post.records(); ++i) {
    if (post.target_of(i) != post.target_of(shown.index)) continue;
    const EventState from = post.states[i];
    const bool with_spool = from == EventState::to_spool || from == EventState::copying ||
                            from == EventState::delivered_copying;
    if (!with_spool) continue;
    const EventState to = next_state(from, said);
    set(post, i, to);
    if (to == outcome ||
        (to == EventState::spooled_on_connection && outcome == EventState::spooled)) {
      ++events;
      count(post, i,
            outcome == EventState::spooled ? BucketOutcome::spooled : BucketOutcome::failed);
    }
  }
  return events;
}

void Ledger::stored(Post& post, const EventSlot& shown) {
  const std::uint32_t events =
      spool_spoke(post, shown, EventMove::keep_in_spool, EventState::spooled);
  metrics_.events_spooled.add(events);
  if (to_show_ != 0 && events != 0 && shown.post != nullptr) {
    show_good(shown, Outcome::spooled, 0);
  }
  after_move(post);
}

void Ledger::not_stored(Post& post, std::string_view reason, std::chrono::seconds retry_after,
                        const EventSlot& shown) {
  // Those on a connection are ordinary ones again: they may still be delivered.
  const std::uint32_t events =
      spool_spoke(post, shown, EventMove::lose_in_spool, EventState::failed);
  metrics_.events_failed[FailReason::storage].add(events);
  if (events != 0 && shown.post != nullptr) {
    show_failure(shown, Outcome::failed, 0, reason);
  }
  if (!post.expired) note_lost(post, shown, reason);
  const bool missing = events != 0 || post.tally.in(EventState::on_connection) != 0;
  if (missing && post.expired && post.state == Post::State::open) {
    answer(post, made([&] { return answers::not_stored(reason, retry_after); }));
  } else {
    after_move(post);  // all of it was delivered meanwhile, or the client has its answer
  }
}

void Ledger::note_lost(Post& post, const EventSlot& shown, std::string_view reason) {
  EventSlot lost = shown;
  for (lost.index = 0; lost.index < post.records(); ++lost.index) {
    if (post.target_of(lost.index) != post.target_of(shown.index)) continue;
    if (post.states[lost.index] == EventState::failed) note_failure(post, lost, 0, reason);
  }
}

void Ledger::tick(Instant now) {
  while (!storing_.empty() && storing_.front().deadline <= now) {
    answer(storing_.front(), made([] {
             return answers::not_stored("the stores do not answer in time", kStoreRetryAfter);
           }));
  }
  // Counted on this thread between events, so that the sums belong together.
  metrics_.unaccounted_records.set(metrics_.records_received.value() - metrics_.settled() -
                                   events_open() + impossible_moves_);
}

void Ledger::abandon_all() {
  const auto abandon = [this](DeadlineList& posts) {
    while (!posts.empty()) {
      Post& post = posts.front();
      post.expired = true;
      answer(post, made([] {
               return answers::unavailable(Unavailable::stopping, std::chrono::seconds(1), true);
             }));
    }
  };
  for (DeadlineList& posts : deadlines_) abandon(posts);
  abandon(storing_);
}

void Ledger::answer_taken(Post& post, Instant now) {
  assert(post.state == Post::State::answered && post.in_reply_line);
  if (!post.replayed) {
    metrics_.posts[post.answer.status].add();
    metrics_.post_duration.observe(now - post.received);
  }
  post.in_reply_line = false;
  post.owner = nullptr;
  reuse_if_done(post);
}

void Ledger::owner_gone(Post& post) {
  if (!post.replayed) metrics_.posts_abandoned.add();
  post.in_reply_line = false;
  post.owner = nullptr;
  // What ended its connection came before it had events: nobody will answer it.
  if (post.state == Post::State::open && post.states.empty()) post.state = Post::State::answered;
  reuse_if_done(post);
}

void Ledger::reuse_if_done(Post& post) {
  if (post.in_reply_line || post.state != Post::State::answered || post.tally.held() != 0 ||
      post.inconsistent) {
    return;
  }
  reuse(post);
}

void Ledger::reuse(Post& post) {
  post.bytes.release();
  post.units = ByteLease::Units();
  clear_keeping(post.states, kMostEventsKept);
  post.tally.clear();
  // The common post had none of these: testing is cheaper than assigning.
  if (!post.passed_on.empty()) clear_keeping(post.passed_on, kMostPassedOnKept);
  if (!post.members.empty()) clear_keeping(post.members, kMostEventsKept);
  if (!post.routes.empty()) clear_keeping(post.routes, kMostEventsKept);
  if (!post.stored.times.empty()) {
    free_memory(post.stored.text);
    free_memory(post.stored.times);
  }
  if (!post.failures.empty()) free_memory(post.failures);
  if (!post.targets.empty()) clear_keeping(post.targets, kMostEventsKept);
  if (!post.answer.body.empty() || !post.answer.extra_fields.empty()) {
    clear_keeping(post.answer.body, kMostTextKept);
    post.answer = Answer();
  }
  post.answer.close = false;
  post.reason_bytes = 0;
  post.target = 0;
  post.expired = false;
  post.replayed = false;
  post.state = Post::State::unused;
  post.fingerprint = 0;
  post.signer = kAnySigner;
  post.owner = nullptr;
  --in_use_;
  free_.push_back(&post);
}

}  // namespace gateway
