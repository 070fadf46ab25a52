#include "gateway/egress/link_facts.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace gateway::egress {
namespace {

// Shorter than the time after which NAT tables forget a connection (60 s and more), longer than the
// pauses between posts.
constexpr int kAskAfterSeconds = 20;
constexpr int kAskAgainSeconds = 5;
constexpr int kAskTimes = 3;
// One retransmission can be caused by one lost packet, unless the retransmission is not
// acknowledged either. While the kernel knows little of the path it waits a second or more before
// the first.
constexpr unsigned kRetransmissions = 2;
constexpr std::chrono::milliseconds kLong{1500};

void set(int socket, int level, int option, int value) noexcept {
  // If the kernel refuses, the deadlines of the gateway still apply.
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
