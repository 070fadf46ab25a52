#include "gateway/pipeline/ledger.hpp"

#include <cassert>
#include <utility>

#include "gateway/pipeline/answers.hpp"

namespace gateway {

Post& Ledger::open(PostOwner& owner, Instant now, WallInstant wall) {
  Post* post = nullptr;
  if (free_.empty()) {
    post = &posts_.emplace_back();
    free_.reserve(posts_.size());  // so that giving it back never allocates
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
  post.records = post.open = records;
  post.deadline = post.received + deadline_;
  deadlines_.push_back(post);
  events_open_ += records;
  metrics_.records_received.add(records);
}

void Ledger::expect_replayed(Post& post, std::uint32_t records) {
  post.records = post.open = records;
  post.replayed = true;
}

void Ledger::refuse(Post& post, Answer refusal) {
  assert(post.open == 0);
  answer(post, std::move(refusal));
}

void Ledger::settle(Post& post) {
  if (post.failures.empty()) {
    // The common answer is written by the reply line from the number alone: no string for it.
    post.answer.status = 200;
    post.state = Post::State::answered;
    post.deadline_hook.unlink();
    if (post.owner != nullptr) post.owner->answer_ready(post);
    reuse_if_done(post);
    return;
  }
  answer(post, answers::partly_failed(post));
}

void Ledger::answer(Post& post, Answer with) {
  assert(post.state != Post::State::answered);
  post.answer = std::move(with);
  post.state = Post::State::answered;
  post.deadline_hook.unlink();
  if (post.owner != nullptr) post.owner->answer_ready(post);
  reuse_if_done(post);
}

void Ledger::show_good(const EventSlot& slot, observe::Outcome outcome, unsigned status) {
  --to_show_;
  observer_->settled(slot, outcome, status, {});
}

void Ledger::show_failure(const EventSlot& slot, observe::Outcome outcome, unsigned status,
                          std::string_view reason) {
  if (failures_to_show_ == 0) return;
  --failures_to_show_;
  observer_->settled(slot, outcome, status, reason);
}

void Ledger::delivered(const EventSlot& slot, unsigned status) {
  Post& post = *slot.post;
  if (post.expired && came_back(slot, true)) return;
  if (to_show_ != 0) [[unlikely]]
    show_good(slot, observe::Outcome::delivered, status);
  ++post.delivered;
  (post.replayed ? metrics_.events_replayed : metrics_.events_delivered).add();
  close_events(post, 1);
}

void Ledger::dead_lettered(const EventSlot& slot, unsigned status, std::string_view reason) {
  Post& post = *slot.post;
  show_failure(slot, observe::Outcome::dead_lettered, status, reason);
  ++post.delivered;
  (post.replayed ? metrics_.events_replayed : metrics_.events_dead_lettered).add();
  close_events(post, 1);
}

void Ledger::failed(const EventSlot& slot, observe::FailReason why, unsigned status,
                    std::string_view reason) {
  Post& post = *slot.post;
  if (post.expired && came_back(slot, false)) return;
  if (!post.replayed) {
    metrics_.events_failed[why].add();
    show_failure(slot, observe::Outcome::failed, status, reason);
  }
  if (post.state != Post::State::answered) {
    post.failures.push_back({slot.index, status, std::string(reason)});
  }
  close_events(post, 1);
}

void Ledger::close_events(Post& post, std::uint32_t events) {
  assert(post.open >= events);
  post.open -= events;
  if (!post.replayed) events_open_ -= events;
  // Whoever stores it will still speak of it: it must not be another post by then.
  const bool being_stored = post.state == Post::State::storing && post.deadline_hook.is_linked();
  if (post.open != 0 || being_stored) return;
  if (post.state != Post::State::answered) {
    settle(post);
  } else {
    reuse_if_done(post);
  }
}

void Ledger::time_out(Post& post) {
  answer(post, answers::deadline_passed(post));
}

void Ledger::begin_storing(Post& post, std::uint32_t waiting, std::uint32_t in_flight,
                           const EventSlot& one) {
  assert(post.state == Post::State::open && waiting + in_flight <= post.open);
  post.state = Post::State::storing;
  post.expired = true;
  post.storing = waiting;
  post.storing_in_flight = in_flight;
  post.stored_one = one;
  post.deadline_hook.unlink();
  storing_.push_back(post);
}

void Ledger::stored(Post& post) {
  const std::uint32_t events = post.storing + post.storing_in_flight;
  metrics_.events_spooled.add(events);
  if (to_show_ != 0 && events != 0 && post.stored_one.post != nullptr) {
    show_good(post.stored_one, observe::Outcome::spooled, 0);
  }
  post.delivered += events;
  post.lingering = post.storing_in_flight;
  post.storing = post.storing_in_flight = 0;
  post.deadline_hook.unlink();
  close_events(post, events);
}

void Ledger::not_stored(Post& post, std::string_view reason, std::chrono::seconds retry_after) {
  if (post.open == 0) {  // all of it was delivered meanwhile
    settle(post);
    return;
  }
  const std::uint32_t events = std::exchange(post.storing, 0);
  // Those on a connection are ordinary ones again: they may still be delivered.
  post.storing_in_flight = 0;
  metrics_.events_failed[observe::FailReason::storage].add(events);
  if (events != 0 && post.stored_one.post != nullptr) {
    show_failure(post.stored_one, observe::Outcome::failed, 0, reason);
  }
  answer(post, answers::overloaded(reason, retry_after));
  close_events(post, events);
}

bool Ledger::came_back(const EventSlot& slot, bool delivered) {
  Post& post = *slot.post;
  if (post.lingering != 0) {
    --post.lingering;
    reuse_if_done(post);
    return true;
  }
  if (post.storing_in_flight == 0) return false;
  --post.storing_in_flight;
  if (delivered) return false;
  ++post.storing;
  return true;
}

void Ledger::abandon_all() {
  while (!deadlines_.empty()) {
    Post& post = deadlines_.front();
    post.expired = true;
    answer(post, answers::overloaded("stopping", std::chrono::seconds(1), true));
  }
  while (!storing_.empty()) not_stored(storing_.front(), "stopping", std::chrono::seconds(1));
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
  reuse_if_done(post);
}

void Ledger::reuse_if_done(Post& post) {
  if (post.in_reply_line || post.open != 0 || post.lingering != 0 ||
      post.state != Post::State::answered) {
    return;
  }
  post.bytes.release();
  post.units = ByteLease::Units();
  post.records = post.delivered = 0;
  // The common post had none of these: testing is cheaper than assigning.
  if (!post.passed_on.empty()) post.passed_on.clear();
  if (!post.stored.times.empty()) post.stored = Post::Stored();
  if (!post.failures.empty()) post.failures.clear();
  if (!post.answer.body.empty() || !post.answer.extra_fields.empty()) post.answer = Answer();
  post.answer.close = false;
  post.expired = false;
  post.replayed = false;
  post.owner = nullptr;
  --in_use_;
  free_.push_back(&post);
}

}  // namespace gateway
