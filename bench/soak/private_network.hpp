#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gateway::soak {

// Returns why a scenario cannot have a network of its own on this machine; empty if it can.
[[nodiscard]] std::string no_private_network();

// A network with nothing in it but loopback, for the calling thread and whatever it starts, until
// that ends: packets on it can be dropped without a word, as they are by hosts that are away and by
// NATs and balancers that have forgotten a connection. Throws std::runtime_error if it cannot be
// had.
class PrivateNetwork {
 public:
  PrivateNetwork();
  ~PrivateNetwork();
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

  // Has `host` stand for these addresses from now on.
  void name(const std::string& host, const std::vector<std::string>& addresses) const;
  // Has all packets from and to these addresses dropped, and those of others pass again.
  void silence(const std::vector<std::string>& addresses) const;
  // Has all packets dropped of the connections to `port` that there are now. Returns how many those
  // are.
  std::size_t forget(std::uint16_t port) const;

 private:
  std::string hosts_;
};

}  // namespace gateway::soak
