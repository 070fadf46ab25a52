#pragma once
#include <boost/assert/source_location.hpp>
#include <cstddef>
#include <string_view>

namespace gateway::events {

// Why bytes from outside were refused. Not an aggregate: g++ 12 miscompiles those near co_await.
class Malformed {
 public:
  // What result::error() gives where there is a value.
  constexpr Malformed() = default;
  // `reason` must be a string literal: the error outlives the bytes it speaks of.
  constexpr Malformed(std::string_view reason, std::size_t offset) noexcept
      : reason_(reason), offset_(offset) {}

  [[nodiscard]] constexpr std::string_view reason() const noexcept { return reason_; }
  // Where in the body, in bytes from its start.
  [[nodiscard]] constexpr std::size_t offset() const noexcept { return offset_; }

 private:
  std::string_view reason_;
  std::size_t offset_ = 0;
};

// boost::system::result throws through this where a caller takes a value that is not there: a bug.
[[noreturn]] void throw_exception_from_error(const Malformed& error,
                                             const boost::source_location& location);

}  // namespace gateway::events
