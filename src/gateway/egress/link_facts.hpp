#pragma once
#include <chrono>

namespace gateway::egress {

// Makes the kernel detect that the peer of a connection is gone. The kernel probes the peer after a
// short silence, which also keeps the entry of the connection in the tables of a NAT or balancer.
// It ends the connection when sent data is not acknowledged within `most`.
void notice_silence(int socket, std::chrono::milliseconds most) noexcept;

// Returns whether the request that has waited for its answer for `waited` has not reached the peer
// although it was retransmitted: the network has forgotten the connection, or is down. A slow
// program at the other end is told from that, because its kernel acknowledges.
[[nodiscard]] bool unheard(int socket, std::chrono::nanoseconds waited) noexcept;

}  // namespace gateway::egress
