#pragma once
#include <boost/intrusive/list.hpp>
#include <deque>
#include <string_view>
#include <vector>

#include "gateway/observe/metrics.hpp"
#include "gateway/pipeline/event_slot.hpp"
#include "gateway/pipeline/post.hpp"

namespace gateway {

// One shard's book of posts. It decides when a post may be answered and what the answer is:
//
//   every event delivered                    200 {"records":n}
//   some given up                            502 with the list of them
//   delivery.deadline passed with some open  504; what is on a connection may still arrive, what
//                                            is not is withdrawn
//
// A post is kept while its answer is owed or one of its events is on the way, whichever is longer.
// Sans-I/O; not thread-safe.
class Ledger {
 public:
  Ledger(observe::ShardMetrics& metrics, std::chrono::milliseconds deadline) noexcept
      : metrics_(metrics), deadline_(deadline) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // A fresh entry, owed an answer from now on.
  [[nodiscard]] Post& open(PostOwner& owner, Instant now, WallInstant wall);
  // Its events are on the way: counts them as received and starts the post's deadline.
  void expect(Post& post, std::uint32_t records);
  // Answers it without sending anything.
  void refuse(Post& post, Answer answer);
  // `post` has no events, or all are settled: answer it.
  void settle(Post& post);

  void delivered(const EventSlot& slot);
  void failed(const EventSlot& slot, observe::FailReason why, unsigned status,
              std::string_view reason);

  // Answers 504 for every post whose deadline has passed. True if there were any: their waiting
  // events must then be withdrawn with failed().
  [[nodiscard]] bool expire(Instant now);
  // The end: every open post is answered 503, as its events will not be delivered any more.
  void abandon_all();

  // The answer has been written, or nobody waits for it any more.
  void answer_taken(Post& post, Instant now);
  void owner_gone(Post& post);

  [[nodiscard]] std::size_t posts() const noexcept { return in_use_; }
  [[nodiscard]] std::size_t events_open() const noexcept { return events_open_; }

 private:
  using DeadlineList =
      boost::intrusive::list<Post,
                             boost::intrusive::member_hook<Post, Post::Hook, &Post::deadline_hook>,
                             boost::intrusive::constant_time_size<false>>;

  void answer(Post& post, Answer answer);
  void close_event(Post& post);
  void reuse_if_done(Post& post);

  observe::ShardMetrics& metrics_;
  const std::chrono::milliseconds deadline_;
  std::deque<Post> posts_;  // never moves its elements
  std::vector<Post*> free_;
  DeadlineList deadlines_;
  std::size_t in_use_ = 0;
  std::size_t events_open_ = 0;
};

}  // namespace gateway
