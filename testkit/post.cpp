#include "testkit/post.hpp"

#include <fmt/format.h>

namespace gateway::test {

Post make_post(std::string_view host, std::string_view target, std::string_view body,
               std::size_t records, std::string_view fields) {
  return {.wire = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
                              "{}Content-Length: {}\r\n\r\n{}",
                              target, host, fields, body.size(), body),
          .body_bytes = static_cast<std::uint32_t>(body.size()),
          .records = static_cast<std::uint32_t>(records)};
}

}  // namespace gateway::test
