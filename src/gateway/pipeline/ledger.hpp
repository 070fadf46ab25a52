#pragma once
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/domain/bus_answer.hpp"
#include "gateway/domain/event_slot.hpp"
#include "gateway/domain/event_state.hpp"
#include "gateway/domain/event_tally.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/domain/settlement_observer.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "runtime/log_limiter.hpp"

namespace gateway {

// One shard's book of posts and of their events. Three owners (the delivery queue with the
// connections, the spool, the dead letters) may hold events of one post and report in any order;
// the ledger keeps the state of each event, moves it as they report, and derives the rest from the
// states: the counters, the answer, and when a post may be reused.
//
//   every event delivered or stored          200 {"records":n}
//   some given up                            502 with the list of them
//   delivery.deadline passed with some open  to the spool, if there is one; else 504: what is on a
//                                            connection may still arrive, what is not is withdrawn
//   the spool does not take them             503
//   the stores do not answer                 503, kStorePatience later
//
// A post is kept while its answer is owed or an owner refers to one of its events.
//
// At every moment: received = delivered + dead-lettered + spooled + failed + filtered + open.
// Sans-I/O; not thread-safe.
class Ledger {
 public:
  // Beyond its deadline a post waits no longer than this for its stores: a busy lock and a slow
  // device are over by then, and the relay function (60 s by default) still hears the answer.
  static constexpr std::chrono::seconds kStorePatience{10};

  // `targets`: that events may go to.
  Ledger(ShardMetrics& metrics, std::chrono::milliseconds deadline, std::size_t targets = 1)
      : metrics_(metrics), deadline_(deadline), deadlines_(targets + 1), unanswered_(targets + 1) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Returns a fresh entry, owed an answer from now on.
  [[nodiscard]] Post& open(PostOwner& owner, Instant now, WallInstant wall);
  // Counts `records` events as received, all of them queued, and starts the post's deadline. Its
  // target is set.
  void expect(Post& post, std::uint32_t records);
  // Does the same for events from the spool, which neither count as received nor have a deadline.
  void expect_replayed(Post& post, std::uint32_t records);
  // Answers it without sending anything.
  void refuse(Post& post, Answer answer);
  // Answers a post without events.
  void settle(Post& post);

  // Moves an event to where its owner says it is now. Returns its new state, or kImpossible after a
  // move that cannot be: a bug of an owner. Such a move is counted and logged, an event without an
  // outcome has then failed, and its post is never reused.
  EventState move(const EventSlot& slot, EventMove move) {
    Post& post = *slot.post;
    if (slot.index >= post.states.size()) [[unlikely]]
      return impossible(slot, move);
    const EventState to = next_state(post.states[slot.index], move);
    if (to == kImpossible) [[unlikely]]
      return impossible(slot, move);
    set(post, slot.index, to);
    return to;
  }

  // Settles an event. `status`: of the eventbus' answer, only shown.
  void delivered(const EventSlot& slot, unsigned status = 0);
  void failed(const EventSlot& slot, FailReason why, unsigned status, std::string_view reason);
  // An event that the configuration leaves out: it counts as answered.
  void filtered(const EventSlot& slot);
  // A refused event is a dead letter that is safely on disk.
  void dead_lettered(const EventSlot& slot, unsigned status = 0, std::string_view reason = {});

  // Hands `overdue` every post of `target` whose deadline is not after `limit`, earliest first,
  // marked as expired: each is then to be ended with time_out() or begin_storing().
  template <class Overdue>
  void expire(std::size_t target, Instant limit, Overdue overdue) {
    DeadlineList& posts = deadlines_[target];
    while (!posts.empty() && posts.front().deadline <= limit) {
      Post& post = posts.front();
      post.deadline_hook.unlink();
      post.expired = true;
      overdue(post);
    }
  }
  // Does the same for posts with events for several targets, those that `is_due`.
  template <class IsDue, class Overdue>
  void expire_several(Instant limit, IsDue is_due, Overdue overdue) {
    DeadlineList& posts = deadlines_.back();
    for (auto it = posts.begin(); it != posts.end() && it->deadline <= limit;) {
      Post& post = *it++;
      if (!is_due(post)) continue;
      post.deadline_hook.unlink();
      post.expired = true;
      overdue(post);
    }
  }
  // Answers 504. Its waiting events must then be withdrawn with failed().
  // `latest`: what the eventbus said last, if the client is to be told.
  void time_out(Post& post, const BusAnswer* latest = nullptr);

  // What is open of `post` is with the stores from now on, or goes there: its events are to be
  // moved with EventMove::spool.
  void begin_storing(Post& post, Instant now);
  // The spool has on the device what it was handed of `post` for one target. `shown` is one of
  // these events and stands for all of them.
  void stored(Post& post, const EventSlot& shown = {});
  // The spool did not take it: what is nowhere else has failed. A post whose time is up is answered
  // 503; any other when its other events are settled.
  void not_stored(Post& post, std::string_view reason, std::chrono::seconds retry_after,
                  const EventSlot& shown = {});
  // Answers posts whose stores have not spoken for kStorePatience, and takes the balance. Every
  // tick of the shard.
  void tick(Instant now);

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
  // Returns how many posts with events for this target alone are owed an answer; behind the last
  // target: of those with events for several.
  [[nodiscard]] std::size_t unanswered(std::size_t target) const noexcept {
    return unanswered_[target];
  }
  // Returns how many events are in each state. Not counting replayed ones.
  [[nodiscard]] const EventTally<std::uint64_t>& tally() const noexcept { return tally_; }
  [[nodiscard]] std::size_t events_open() const noexcept { return tally_.open(); }
  // Moves that cannot be: bugs, unless 0.
  [[nodiscard]] std::uint64_t impossible_moves() const noexcept { return impossible_moves_; }

 private:
  using DeadlineList =
      boost::intrusive::list<Post,
                             boost::intrusive::member_hook<Post, Post::Hook, &Post::deadline_hook>,
                             boost::intrusive::constant_time_size<false>>;

  void set(Post& post, std::uint32_t index, EventState to) noexcept {
    const EventState from = std::exchange(post.states[index], to);
    post.tally.move(from, to);
    if (!post.replayed) tally_.move(from, to);
  }
  EventState impossible(const EventSlot& slot, EventMove move);
  // Counts an event that is settled among those of its bucket.
  void count(const Post& post, std::uint32_t index, BucketOutcome outcome) noexcept {
    if (!post.routes.empty() && !post.replayed) metrics_.buckets.add(post.routes[index], outcome);
  }
  // Applies what the spool said to every event of `post` that it was handed together with `shown`.
  // Returns how many of them are now in `outcome`.
  std::uint32_t spool_spoke(Post& post, const EventSlot& shown, EventMove said, EventState outcome);
  // Notes the events that the spool lost, of a post that goes on.
  void note_lost(Post& post, const EventSlot& shown, std::string_view reason);
  void answer(Post& post, Answer answer);
  // Answers the post if its last event is settled, and reuses it once nobody needs it.
  void after_move(Post& post);
  void note_failure(Post& post, const EventSlot& slot, unsigned status, std::string_view reason);
  void reuse_if_done(Post& post);
  void reuse(Post& post);
  void show(const EventSlot& slot, Outcome outcome, unsigned status, std::string_view reason);
  void show_good(const EventSlot& slot, Outcome outcome, unsigned status);
  void show_failure(const EventSlot& slot, Outcome outcome, unsigned status,
                    std::string_view reason);

  ShardMetrics& metrics_;
  const std::chrono::milliseconds deadline_;
  std::deque<Post> posts_;  // never moves its elements
  std::vector<Post*> free_;
  // By target; the last is of posts with events for several.
  std::vector<DeadlineList> deadlines_;  // of posts whose time is not up
  std::vector<std::size_t> unanswered_;
  DeadlineList storing_;  // of those that wait for their stores, likewise in order
  std::size_t in_use_ = 0;
  EventTally<std::uint64_t> tally_;
  std::uint64_t impossible_moves_ = 0;
  LogLimiter impossible_told_;
  unsigned to_show_ = 0;
  unsigned failures_to_show_ = 0;
  SettlementObserver* observer_ = nullptr;
};

}  // namespace gateway
