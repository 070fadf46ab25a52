#include "gateway/egress/eventbus/link_facts.hpp"

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

void acknowledge(int socket) noexcept {
  set(socket, IPPROTO_TCP, TCP_QUICKACK, 1);
}

std::optional<LinkFacts> link_facts(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  LinkFacts facts;
  facts.unacknowledged = info.tcpi_unacked != 0;
  facts.retransmissions = info.tcpi_retransmits;
  facts.probes = info.tcpi_probes;
  facts.silent = std::chrono::milliseconds(info.tcpi_last_ack_recv);
  facts.retransmits_after = std::chrono::milliseconds(info.tcpi_rto / 1000);
  return facts;
}

bool unheard(const LinkFacts& facts, std::chrono::nanoseconds waited) noexcept {
  if (facts.probes >= kRetransmissions) return true;
  if (!facts.unacknowledged) return false;
  if (facts.retransmissions >= kRetransmissions) return true;
  if (waited < kLong || facts.silent < kLong) return false;
  // The kernel does not count a retransmission that it had no route for.
  return facts.retransmissions != 0 || facts.silent >= 2 * facts.retransmits_after;
}

}  // namespace gateway::egress
