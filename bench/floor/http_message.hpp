#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace gateway::floor {

// The size of an HTTP/1.1 message with a Content-Length, or without a body.
struct MessageSize {
  std::size_t head = 0;  // with its blank line
  std::size_t body = 0;
};

// Returns the sizes, or nullopt while the head is incomplete. Checks only what is needed to find
// the end.
[[nodiscard]] std::optional<MessageSize> message_size(std::string_view bytes) noexcept;

}  // namespace gateway::floor
