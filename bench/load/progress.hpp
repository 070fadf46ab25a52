#pragma once
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "testkit/interruption.hpp"

namespace gateway::load {

// Thrown when the user interrupts the run.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

// Shows progress in a line on standard error that is rewritten in place; shows nothing if that is
// no terminal.
class Progress {
 public:
  Progress() = default;
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows that `share` of the whole is done, 0 to 1; `label` names the current step. Throws
  // Interrupted.
  void show(double share, const std::string& label) {
    if (test::interrupted()) throw Interrupted();
    if (!terminal_) return;
    constexpr std::size_t kWidth = 30;
    const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kWidth);
    fmt::print(stderr, "\r\x1b[K[{:#<{}}{:{}}] {:3.0f} %  {}", "", filled, "", kWidth - filled,
               share * 100, label);
    std::fflush(stderr);
    shown_ = true;
  }
  // Erases the line, so that other output can follow.
  void clear() {
    if (!shown_) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    shown_ = false;
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
};

}  // namespace gateway::load
