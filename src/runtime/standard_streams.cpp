#include "runtime/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace gateway {

// In ascending order, as open() takes the lowest number that is free.
void hold_standard_streams() noexcept {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const bool closed = ::fcntl(number, F_GETFD) == -1 && errno == EBADF;
    // O_PATH needs no /dev, and with it every read and write fails with EBADF, as on a closed one.
    if (closed) static_cast<void>(::open("/", O_PATH));
  }
}

void write_error(std::string_view text) noexcept {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

}  // namespace gateway
