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
  assert(post.state == Post::State::open);
  post.answer = std::move(with);
  post.state = Post::State::answered;
  post.deadline_hook.unlink();
  if (post.owner != nullptr) post.owner->answer_ready(post);
  reuse_if_done(post);
}

void Ledger::delivered(const EventSlot& slot) {
  Post& post = *slot.post;
  ++post.delivered;
  metrics_.events_delivered.add();
  close_event(post);
}

void Ledger::failed(const EventSlot& slot, observe::FailReason why, unsigned status,
                    std::string_view reason) {
  Post& post = *slot.post;
  metrics_.events_failed[why].add();
  if (post.state == Post::State::open) {
    post.failures.push_back({slot.index, status, std::string(reason)});
  }
  close_event(post);
}

void Ledger::close_event(Post& post) {
  assert(post.open > 0);
  --post.open;
  --events_open_;
  if (post.open != 0) return;
  if (post.state == Post::State::open) {
    settle(post);
  } else {
    reuse_if_done(post);
  }
}

bool Ledger::expire(Instant now) {
  bool any = false;
  while (!deadlines_.empty() && deadlines_.front().deadline <= now) {
    Post& post = deadlines_.front();
    post.expired = true;
    answer(post, answers::deadline_passed(post));
    any = true;
  }
  return any;
}

void Ledger::abandon_all() {
  while (!deadlines_.empty()) {
    Post& post = deadlines_.front();
    post.expired = true;
    answer(post, answers::overloaded("stopping", std::chrono::seconds(1), true));
  }
}

void Ledger::answer_taken(Post& post, Instant now) {
  assert(post.state == Post::State::answered && post.in_reply_line);
  metrics_.posts[post.answer.status].add();
  metrics_.post_duration.observe(now - post.received);
  post.in_reply_line = false;
  post.owner = nullptr;
  reuse_if_done(post);
}

void Ledger::owner_gone(Post& post) {
  metrics_.posts_abandoned.add();
  post.in_reply_line = false;
  post.owner = nullptr;
  reuse_if_done(post);
}

void Ledger::reuse_if_done(Post& post) {
  if (post.in_reply_line || post.open != 0 || post.state == Post::State::open) return;
  post.bytes.release();
  post.units = ByteLease::Units();
  post.records = post.delivered = 0;
  // The common post had none of these: testing is cheaper than assigning.
  if (!post.passed_on.empty()) post.passed_on.clear();
  if (!post.failures.empty()) post.failures.clear();
  if (!post.answer.body.empty() || !post.answer.extra_fields.empty()) post.answer = Answer();
  post.answer.close = false;
  post.expired = false;
  post.owner = nullptr;
  --in_use_;
  free_.push_back(&post);
}

}  // namespace gateway
