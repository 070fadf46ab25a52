#pragma once
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/egress/delivery_policy.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// Returns `address` as it stands in messages: `10.0.0.1:80`, `[fd00::1]:80`.
[[nodiscard]] std::string text_of(const tcp::endpoint& address);

// The addresses behind the eventbus' name, and what one shard knows of each.
//
// Of several addresses one may be dead, or hang, for hours, while the others work. So health is
// kept for each: connections are shared out over the healthy ones, an address that failed is left
// alone and probed without events, after a back-off of its own, until it answers. Only where no
// address is healthy is any tried.
//
// The order is that of RFC 8305 section 4: families take turns, so that one of them that does not
// work costs one attempt. Sans-I/O.
class AddressBook {
 public:
  // An address that failed is probed again at the latest after so long.
  static constexpr std::chrono::seconds kMostWait{10};

  AddressBook(const config::Retry& retry, std::uint64_t seed);

  // What a look-up found, in the resolver's order. What is known of an address stays; an address
  // that is not found any more gets no new connections.
  void found(const std::vector<tcp::endpoint>& addresses);
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  // The addresses for a new connection, the one to be tried first in front.
  [[nodiscard]] std::vector<tcp::endpoint> order(Instant now);

  // A connection to it is used, or not any more.
  void opened(const tcp::endpoint& address);
  void closed(const tcp::endpoint& address);
  // It could not be connected to, or has not answered in time.
  void failed(const tcp::endpoint& address, Instant now);
  // It has answered a probe. If it fails again, its back-off goes on where it was.
  void recovered(const tcp::endpoint& address) noexcept;
  // It has answered an event.
  void answered(const tcp::endpoint& address) noexcept;

  // Another address is healthy.
  [[nodiscard]] bool has_other(const tcp::endpoint& address) const noexcept;
  // A connection to it would better be one to another: it was not found any more, or has two
  // connections more than another one that is healthy.
  [[nodiscard]] bool misplaced(const tcp::endpoint& address) const noexcept;
  // The address that is to be probed now. Its next failed() or recovered() ends that.
  [[nodiscard]] std::optional<tcp::endpoint> probe(Instant now);
  // When there is one; max: not before another fails.
  [[nodiscard]] Instant next_probe() const noexcept;

  [[nodiscard]] std::size_t healthy() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool is_healthy(const tcp::endpoint& address) const noexcept;

 private:
  struct Entry {
    tcp::endpoint address;
    bool current = true;  // found by the last look-up
    bool probed = false;
    bool failing = false;
    unsigned failures = 0;  // without an answer to an event between them
    Instant retry_at{};
    std::size_t connections = 0;

    [[nodiscard]] bool awaits_probe() const noexcept { return current && failing && !probed; }
    [[nodiscard]] bool usable() const noexcept { return current && !failing; }
  };
  [[nodiscard]] Entry* find(const tcp::endpoint& address) noexcept;
  [[nodiscard]] const Entry* find(const tcp::endpoint& address) const noexcept;
  void forget_gone();

  std::vector<Entry> entries_;  // in the order of RFC 8305
  Backoff backoff_;
  std::minstd_rand random_;
};

}  // namespace gateway::egress
