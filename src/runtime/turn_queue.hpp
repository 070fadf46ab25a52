#pragma once
#include <boost/intrusive/list.hpp>
#include <cstddef>

namespace gateway {

// A crowd of slow steps would hold up what else a loop turn has to do. A TurnQueue lets only so
// many items a turn take their step, in the order they came. An item is in it at most once, and
// must leave() before it is destroyed.
template <class Item, boost::intrusive::list_member_hook<> Item::* Hook>
class TurnQueue {
 public:
  explicit TurnQueue(std::size_t per_turn) noexcept : per_turn_(per_turn) {}

  void enter(Item& item) {
    if (!(item.*Hook).is_linked()) waiting_.push_back(item);
  }
  void leave(Item& item) noexcept {
    if ((item.*Hook).is_linked()) waiting_.erase(waiting_.iterator_to(item));
  }
  void clear() noexcept { waiting_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

  // Calls step(item) for the items at the front, as many as a turn may take. An item may enter
  // again from its step, at the end.
  template <class Step>
  void turn(Step step) {
    for (std::size_t n = 0; n < per_turn_ && !waiting_.empty(); ++n) {
      Item& item = waiting_.front();
      waiting_.pop_front();
      step(item);
    }
  }

 private:
  boost::intrusive::list<
      Item, boost::intrusive::member_hook<Item, boost::intrusive::list_member_hook<>, Hook>>
      waiting_;
  const std::size_t per_turn_;
};

}  // namespace gateway
