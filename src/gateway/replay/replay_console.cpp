#include "gateway/replay/replay_console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "gateway/replay/replay_text.hpp"

namespace gateway::replay {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kLineEvery{5};

// What cannot be written must not end a replay; the exit code tells in the end.
void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

ReplayConsole::ReplayConsole()
    : terminal_(isatty(STDOUT_FILENO) == 1),
      // A short replay needs no line but the last.
      next_(std::chrono::steady_clock::now() + (terminal_ ? Instant::duration() : kLineEvery)) {}

void ReplayConsole::progress(const ReplayProgress& progress, Instant now) {
  if (now < next_) return;
  const std::string line = progress_line(progress);
  if (terminal_) {
    next_ = now + kRedraw;
    write(fmt::format("\r\x1b[K{} {}", progress_bar(progress.fraction, kBarWidth), line));
    bar_shown_ = true;
  } else {
    next_ = now + kLineEvery;
    write(fmt::format("-- {}\n", line));
  }
}

void ReplayConsole::print(std::string_view text) {
  write(fmt::format("{}{}", bar_shown_ ? "\r\x1b[K" : "", text));
  bar_shown_ = false;
}

}  // namespace gateway::replay
