#pragma once
#include <chrono>

namespace gateway::egress {

// Makes the kernel notice that nobody is at the other end of a connection any more: it is asked
// after a short silence, which also keeps its place in the tables of a NAT or balancer, and what is
// sent and not acknowledged within `most` ends it.
void notice_silence(int socket, std::chrono::milliseconds most) noexcept;

// Returns whether what was sent, for whose answer `waited` has passed, has not reached the other
// end though it was sent again: the network between has forgotten the connection, or is gone. The
// other end's program may take its time; its kernel does not.
[[nodiscard]] bool unheard(int socket, std::chrono::nanoseconds waited) noexcept;

}  // namespace gateway::egress
