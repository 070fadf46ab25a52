#include "simulation/acceptance.hpp"

#include <fmt/format.h>

namespace gateway::simulation {
namespace {

constexpr const char* kOdd[] = {
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok",
    "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    // These end the connection: how long they are is not known, or cannot be trusted.
    "HTTP/1.0 200 OK\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
};

std::string many_fields(std::size_t count, std::size_t length) {
  std::string answer = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i < count; ++i) {
    answer += fmt::format("X-Field-{}: {}\r\n", i, std::string(length, 'x'));
  }
  return answer + "Content-Length: 0\r\n\r\n";
}

}  // namespace

std::string draw_acceptance(Random& random) {
  if (random.in_thousand(950)) return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  if (random.in_thousand(150)) return many_fields(150, 4);
  if (random.in_thousand(150)) return many_fields(20, 1000);
  return random.of(kOdd);
}

}  // namespace gateway::simulation
