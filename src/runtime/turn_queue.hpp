#pragma once
#include <boost/intrusive/list.hpp>
#include <cstddef>

namespace gateway {

// Those that wait to do something slow, in the order they came: only so many a loop turn may, so
// that what else the turn has to do is not held up by a crowd of them. An item is in it at most
// once, and must leave() before it dies.
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

  // One loop turn: calls step(item) for those at the front. An item may enter again from its step;
  // it then stands at the end.
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
