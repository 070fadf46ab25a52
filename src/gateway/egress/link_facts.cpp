#include "gateway/egress/link_facts.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace gateway::egress {
namespace {

// Shorter than any table forgets (60 s and more), longer than a pause between posts.
constexpr int kAskAfterSeconds = 20;
constexpr int kAskAgainSeconds = 5;
constexpr int kAskTimes = 3;
// One retransmission may be due to one lost packet, unless its answer is missing as well. A kernel
// that knows little of the way waits a second and more before the first.
constexpr unsigned kRetransmissions = 2;
constexpr std::chrono::milliseconds kLong{1500};

void set(int socket, int level, int option, int value) noexcept {
  // Where the kernel refuses, the gateway's own deadlines remain.
  static_cast<void>(::setsockopt(socket, level, option, &value, sizeof value));
}

}  // namespace

void notice_silence(int socket, std::chrono::milliseconds most) noexcept {
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kAskAfterSeconds);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kAskAgainSeconds);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kAskTimes);
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(most.count()));
}

bool unheard(int socket, std::chrono::nanoseconds waited) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  if (info.tcpi_unacked == 0 || info.tcpi_retransmits == 0) return false;
  const std::chrono::milliseconds silent(info.tcpi_last_ack_recv);
  return info.tcpi_retransmits >= kRetransmissions || (waited >= kLong && silent >= kLong);
}

}  // namespace gateway::egress
