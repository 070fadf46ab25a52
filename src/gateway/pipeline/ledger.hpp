#pragma once
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <deque>
#include <string_view>
#include <vector>

#include "gateway/observe/metrics.hpp"
#include "gateway/pipeline/event_slot.hpp"
#include "gateway/pipeline/post.hpp"
#include "gateway/pipeline/settlement_observer.hpp"

namespace gateway {

// One shard's book of posts. It decides when a post may be answered and what the answer is:
//
//   every event delivered or stored          200 {"records":n}
//   some given up                            502 with the list of them
//   delivery.deadline passed with some open  to the spool, if there is one; else 504: what is on a
//                                            connection may still arrive, what is not is withdrawn
//   the spool does not take them             503
//
// A post is kept while its answer is owed or one of its events is on the way, whichever is longer.
//
// At every moment: received = delivered + dead-lettered + spooled + failed + open.
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
  // The same for events from the spool, which neither count as received nor have a deadline.
  void expect_replayed(Post& post, std::uint32_t records);
  // Answers it without sending anything.
  void refuse(Post& post, Answer answer);
  // `post` has no events, or all are settled: answer it.
  void settle(Post& post);

  // `status`: of the eventbus' answer, here and below; only shown.
  void delivered(const EventSlot& slot, unsigned status = 0);
  void failed(const EventSlot& slot, observe::FailReason why, unsigned status,
              std::string_view reason);

  // A refused event is a dead letter that is safely on disk.
  void dead_lettered(const EventSlot& slot, unsigned status = 0, std::string_view reason = {});

  // Hands `overdue` every post whose deadline is not after `limit`, earliest first, marked as
  // expired: each is then to be ended with time_out() or begin_storing().
  template <class Overdue>
  void expire(Instant limit, Overdue overdue) {
    while (!deadlines_.empty() && deadlines_.front().deadline <= limit) {
      Post& post = deadlines_.front();
      post.deadline_hook.unlink();
      post.expired = true;
      overdue(post);
    }
  }
  // Answers 504. Its waiting events must then be withdrawn with failed().
  void time_out(Post& post);

  // `waiting` of its events were withdrawn, `in_flight` are on connections, and all of them are on
  // their way to the spool. `one` of them is shown for all.
  void begin_storing(Post& post, std::uint32_t waiting, std::uint32_t in_flight,
                     const EventSlot& one = {});
  void stored(Post& post);
  // The spool did not take them: the withdrawn ones are given up and the post is answered 503.
  void not_stored(Post& post, std::string_view reason, std::chrono::seconds retry_after);
  // One of its events came back from a connection. True if that is all: the event is being stored,
  // or is stored already.
  [[nodiscard]] bool came_back(const EventSlot& slot, bool delivered);

  // The end: every open post is answered 503, as its events will not be delivered any more.
  void abandon_all();

  // The answer has been written, or nobody waits for it any more.
  void answer_taken(Post& post, Instant now);
  void owner_gone(Post& post);

  // Shows `observer`, which outlives the ledger, the next `events` events as they are settled, and
  // the next `failures` of those that fail. 0 changes nothing about what is left to be shown.
  void show(SettlementObserver& observer, unsigned events, unsigned failures) noexcept {
    observer_ = &observer;
    if (events != 0) to_show_ = events;
    if (failures != 0) failures_to_show_ = failures;
  }

  [[nodiscard]] std::size_t posts() const noexcept { return in_use_; }
  // Not counting replayed ones.
  [[nodiscard]] std::size_t events_open() const noexcept { return events_open_; }

 private:
  using DeadlineList =
      boost::intrusive::list<Post,
                             boost::intrusive::member_hook<Post, Post::Hook, &Post::deadline_hook>,
                             boost::intrusive::constant_time_size<false>>;

  void answer(Post& post, Answer answer);
  void close_events(Post& post, std::uint32_t events);
  void reuse_if_done(Post& post);
  void show_good(const EventSlot& slot, observe::Outcome outcome, unsigned status);
  void show_failure(const EventSlot& slot, observe::Outcome outcome, unsigned status,
                    std::string_view reason);

  observe::ShardMetrics& metrics_;
  const std::chrono::milliseconds deadline_;
  std::deque<Post> posts_;  // never moves its elements
  std::vector<Post*> free_;
  DeadlineList deadlines_;
  DeadlineList storing_;
  std::size_t in_use_ = 0;
  std::size_t events_open_ = 0;
  unsigned to_show_ = 0;
  unsigned failures_to_show_ = 0;
  SettlementObserver* observer_ = nullptr;
};

}  // namespace gateway
