#pragma once
#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace gateway {

// A program may be started without standard input, output or error, or with one that takes nothing:
// a full device, a pipe without a reader. The number of a closed one would be that of the next file
// or socket, and what is printed would end there. And who prints an error has one already: it must
// not become another one that what is said of it cannot be written.

// Occupies the numbers of closed standard streams: what is read from or written to them fails.
// Called before anything is opened.
void hold_standard_streams() noexcept;

// Writes to standard error; what cannot be written is lost.
void write_error(std::string_view text) noexcept;

// Prints on standard error likewise.
template <class... Args>
void print_error(fmt::format_string<Args...> format, Args&&... args) {
  write_error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace gateway
