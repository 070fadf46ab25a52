#pragma once
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/egress/store/async_store.hpp"
#include "gateway/egress/store/event_store.hpp"

namespace gateway::egress {

// Calls `tell` with each of `items`, in order. If it throws, those it was called with are gone.
template <class Items, class Tell>
void tell_each(Items& items, Tell tell) {
  auto next = items.begin();
  try {
    for (; next != items.end(); ++next) tell(*next);
  } catch (...) {
    items.erase(items.begin(), next);
    throw;
  }
  items.clear();
}

// What is asked of a store and waits for the thread that does it. Hands it out in turns, each a
// bounded share of every kind, so that none starves another. Sans-I/O; not thread-safe.
class StoreRequests {
 public:
  struct Submission {
    std::vector<StoredEvent> events;
    std::size_t bytes = 0;
    AsyncStore::Done done;
  };
  struct Fetch {
    RowsWanted wanted;
    ReplaySource::Fetched done;
    SpooledChunk chunk;  // to be filled
  };
  struct Removal {
    std::vector<Sequence> rows;
    AsyncStore::Done done;
  };
  struct Return {
    std::size_t target = 0;
    std::vector<Sequence> rows;
  };
  struct Turn {
    std::vector<Submission> submissions;
    std::vector<Removal> removals;
    std::vector<Return> returns;
    std::optional<Fetch> fetch;
    [[nodiscard]] bool empty() const noexcept {
      return submissions.empty() && removals.empty() && returns.empty() && !fetch;
    }
  };

  // Each takes all of it or throws and leaves it as it is.
  void add(Submission&& submission);
  void add(Fetch&& fetch) { fetches_.push_back(std::move(fetch)); }
  void add(Removal&& removal) { removals_.push_back(std::move(removal)); }
  void add(Return&& back) { returns_.push_back(std::move(back)); }

  [[nodiscard]] bool empty() const noexcept { return returns_.empty() && !owe_an_answer(); }
  // Returns whether somebody waits for an answer.
  [[nodiscard]] bool owe_an_answer() const noexcept {
    return !submissions_.empty() || !removals_.empty() || !fetches_.empty();
  }
  // Adds the next turn to what `turn` holds: submissions of at most `group_bytes`, or one.
  void take(Turn& turn, std::size_t group_bytes);
  // Hands out all submissions; `into` is empty.
  void take_submissions(std::deque<Submission>& into) noexcept { into.swap(submissions_); }

  // Return how many events have been submitted and not settled yet, and their bytes.
  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  // Submitted events are on the device, or will not be.
  void settled(std::size_t events, std::size_t bytes) noexcept {
    events_ -= events;
    bytes_ -= bytes;
  }

 private:
  std::deque<Submission> submissions_;
  std::deque<Removal> removals_;
  std::deque<Return> returns_;
  std::deque<Fetch> fetches_;
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace gateway::egress
