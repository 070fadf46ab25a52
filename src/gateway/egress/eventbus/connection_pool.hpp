#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "gateway/egress/eventbus/eventbus_connection.hpp"
#include "gateway/egress/policy/connection_pool_size.hpp"
#include "runtime/clock.hpp"
#include "runtime/log_limiter.hpp"

namespace gateway::egress {

// The connections of one eventbus. Problem: how many there are to be changes while events are on
// their way, and each of them ends some day, so that another one has to be there before. Solution:
// all that there may ever be exist from the start, most of them parked; adjust() puts as many to
// use as ConnectionPoolSize says, and lets one that leaves finish only when its successor is ready.
// Lives on the shard's thread.
class ConnectionPool {
 public:
  // `most`: that may be in use. `bus` outlives it.
  ConnectionPool(Eventbus& bus, const config::Delivery& settings, unsigned most);

  // Returns all connections, used or not.
  [[nodiscard]] std::span<const std::unique_ptr<EventbusConnection>> all() const noexcept {
    return all_;
  }
  // Returns all but those that are parked.
  [[nodiscard]] std::span<EventbusConnection* const> used() const noexcept { return used_; }
  // Returns how many requests wait for their answers.
  [[nodiscard]] std::size_t requests_in_flight() const noexcept;

  // Calls `visit(connection)` for each one in use as long as that returns true, beginning with
  // another one each time. `visit` must not change which are in use.
  template <class Visit>
  void visit_by_turns(Visit visit) {
    const std::size_t count = used_.size();
    for (std::size_t i = 0; i < count && visit(*used_[(next_ + i) % count]); ++i) {
    }
    if (count != 0) next_ = (next_ + 1) % count;
  }

  // Puts as many connections to use as there are to be, and others in the place of those that
  // leave.
  void adjust();
  // Has another connection take the place of this one.
  void replace(EventbusConnection& connection);
  // Has others take the place of all that are in use; these send nothing more.
  void replace_all();
  // Decides how many there are to be. `load`: what is known of it without the connections; there
  // are `addresses` to be reached; answers that have been due since before `due` take unusually
  // long.
  void decide(ConnectionPoolSize::Load load, std::size_t addresses, Instant due, Instant now);
  // Returns whether no connection that has brought an answer waits for another one as long.
  [[nodiscard]] bool others_served(Instant::duration waited, Instant now) const noexcept;
  // Records that one was given up because others are answered and it is not; it still counts as in
  // use.
  void one_unserved(Instant now);
  // Has every connection that waits look again whether it may connect.
  void wake_all();
  // Calls EventbusConnection::check() of each one in use; at every tick.
  void check(Instant now);
  // Ends those that are idle at this address and have not been heard since `since`.
  void distrust(const tcp::endpoint& at, Instant since);
  // Ends all; their coroutines end soon.
  void stop();

 private:
  Eventbus& bus_;
  ConnectionPoolSize size_;
  unsigned logged_size_;
  std::vector<std::unique_ptr<EventbusConnection>> all_;
  std::vector<EventbusConnection*> used_;
  std::vector<EventbusConnection*> parked_;
  std::size_t next_ = 0;  // of used_, the first to be visited
  LogLimiter unserved_told_;
  bool stopping_ = false;
};

}  // namespace gateway::egress
