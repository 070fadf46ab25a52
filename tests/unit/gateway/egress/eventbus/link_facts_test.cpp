#include "gateway/egress/eventbus/link_facts.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

int option(int socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(socket, level, name, &value, &size), 0);
  return value;
}

TEST(LinkFacts, HaveTheKernelNoticeSilence) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  notice_silence(socket, 10s);
  EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 10'000);
  EXPECT_LT(option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 60) << "before anybody forgets";
  ::close(socket);
}

TEST(LinkFacts, AreOfASocketOnly) {
  EXPECT_FALSE(link_facts(-1));
  notice_silence(-1, 1s);
}

LinkFacts unacknowledged(unsigned retransmissions, std::chrono::milliseconds silent) {
  LinkFacts facts;
  facts.unacknowledged = true;
  facts.retransmissions = retransmissions;
  facts.silent = silent;
  facts.retransmits_after = 200ms;
  return facts;
}

TEST(LinkFacts, OfASlowProgramAreThatItsKernelAcknowledges) {
  LinkFacts facts;
  facts.silent = 1h;
  EXPECT_FALSE(unheard(facts, 1h));
}

TEST(LinkFacts, OfALostPacketAreNoSilence) {
  EXPECT_FALSE(unheard(unacknowledged(1, 600ms), 600ms));
  EXPECT_TRUE(unheard(unacknowledged(2, 700ms), 700ms));
  EXPECT_TRUE(unheard(unacknowledged(1, 1500ms), 1500ms));
}

TEST(LinkFacts, HaveNoRetransmissionsWhereThereIsNoRoute) {
  EXPECT_FALSE(unheard(unacknowledged(0, 1400ms), 1400ms));
  EXPECT_TRUE(unheard(unacknowledged(0, 1500ms), 1500ms));
  LinkFacts far = unacknowledged(0, 1500ms);
  far.retransmits_after = 1s;
  EXPECT_FALSE(unheard(far, 1500ms)) << "the first retransmission may not be due yet";
}

TEST(LinkFacts, OfBytesThatCannotBeSentAreTheProbes) {
  LinkFacts facts;
  facts.probes = 1;
  EXPECT_FALSE(unheard(facts, 1s)) << "one is always on its way to a peer that reads slowly";
  facts.probes = 2;
  EXPECT_TRUE(unheard(facts, 1s));
}

}  // namespace
}  // namespace gateway::egress
