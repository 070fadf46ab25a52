#pragma once
#include <chrono>
#include <optional>

namespace gateway::egress {

// Makes the kernel detect that the peer of a connection is gone. The kernel probes the peer after a
// short silence, which also keeps the entry of the connection in the tables of a NAT or balancer.
// It ends the connection when sent data is not acknowledged within `most`.
void notice_silence(int socket, std::chrono::milliseconds most) noexcept;

// Has the kernel acknowledge at once what was received, instead of with what is sent next or after
// 40 ms: a server that does not set TCP_NODELAY keeps the rest of its answers until then (RFC 896).
void acknowledge(int socket) noexcept;

// What the kernel knows of a connection.
struct LinkFacts {
  bool unacknowledged = false;          // something that was sent is
  unsigned retransmissions = 0;         // of it
  unsigned probes = 0;                  // unanswered, since nothing can be sent or nothing was said
  std::chrono::milliseconds silent{0};  // since the peer acknowledged anything
  std::chrono::milliseconds retransmits_after{0};
};
// Returns what the kernel knows of this socket; nothing if it is none.
[[nodiscard]] std::optional<LinkFacts> link_facts(int socket) noexcept;

// Returns whether the request that has waited for its answer for `waited` has not reached the peer
// although it was sent again: the network has forgotten the connection, or is down, or this
// machine has no way any more to send it, as with the loss of an address of its own. A slow program
// at the other end is told from that, because its kernel acknowledges.
[[nodiscard]] bool unheard(const LinkFacts& facts, std::chrono::nanoseconds waited) noexcept;

}  // namespace gateway::egress
