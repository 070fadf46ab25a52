#include "floor/http_message.hpp"

#include <strings.h>

#include <charconv>

namespace gateway::floor {

std::optional<MessageSize> message_size(std::string_view bytes) noexcept {
  constexpr std::string_view kLength = "content-length:";
  MessageSize size;
  for (std::size_t line = 0;;) {
    const std::size_t end = bytes.find('\n', line);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == line + 1) {
      size.head = end + 1;
      return size;
    }
    if ((bytes[line] | ' ') == 'c' && end - line > kLength.size() &&
        ::strncasecmp(bytes.data() + line, kLength.data(), kLength.size()) == 0) {
      const char* value = bytes.data() + line + kLength.size();
      while (*value == ' ') ++value;
      std::from_chars(value, bytes.data() + end, size.body);
    }
    line = end + 1;
  }
}

}  // namespace gateway::floor
