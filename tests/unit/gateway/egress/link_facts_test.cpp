#include "gateway/egress/link_facts.hpp"

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
  EXPECT_FALSE(unheard(-1, 1h));
  notice_silence(-1, 1s);
}

}  // namespace
}  // namespace gateway::egress
