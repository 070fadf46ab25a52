#pragma once
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/egress/policy/delivery_policy.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// Returns `address` as it stands in messages: `10.0.0.1:80`, `[fd00::1]:80`.
[[nodiscard]] std::string text_of(const tcp::endpoint& address);

// Knows the addresses behind the eventbus' name, and the health of each as one shard sees it.
//
// Problem: one of several addresses may be dead, or hang, for hours while the others work.
// Solution: health is kept for each address. Connections are shared out over the healthy ones; an
// address that failed gets no connections and is probed without events, after a back-off of its
// own, until it answers. Unhealthy addresses are used only where no address is healthy.
//
// The order is that of RFC 8305 section 4: the families take turns, so that a family that does not
// work costs one attempt. Sans-I/O.
class AddressBook {
 public:
  // The longest back-off before an address that failed is probed again.
  static constexpr std::chrono::seconds kMostWait{10};

  AddressBook(const config::Retry& retry, std::uint64_t seed);

  // Takes the result of a look-up, in the order of the resolver. The health of known addresses
  // stays. An address that is no longer found gets no new connections.
  void found(const std::vector<tcp::endpoint>& addresses);
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  // Returns the addresses for a new connection, in the order in which to try them.
  [[nodiscard]] std::vector<tcp::endpoint> order(Instant now);

  // Count the connections in use to an address.
  void opened(const tcp::endpoint& address);
  void closed(const tcp::endpoint& address);
  // Records that the address refused a connection or did not answer in time.
  void failed(const tcp::endpoint& address, Instant now);
  // Records that the address answered a probe. If it fails again, its back-off continues where it
  // was.
  void recovered(const tcp::endpoint& address) noexcept;
  // Records that the address answered an event.
  void answered(const tcp::endpoint& address) noexcept;

  // Returns whether an address other than this one is healthy.
  [[nodiscard]] bool has_other(const tcp::endpoint& address) const noexcept;
  // Returns whether a connection to this address should move to another one: the last look-up did
  // not find it, or it has at least two connections more than another healthy address.
  [[nodiscard]] bool misplaced(const tcp::endpoint& address) const noexcept;
  // Returns the address to probe now, or nullopt. The next failed() or recovered() for it ends the
  // probe.
  [[nodiscard]] std::optional<tcp::endpoint> probe(Instant now);
  // Returns when the next probe is due; Instant::max() if none is before another failure.
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
