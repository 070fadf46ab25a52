#include "gateway/replay/replay_console.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "gateway/replay/replay_text.hpp"

namespace gateway::replay {
namespace {

// What a bar gets of the columns beside its line of text.
constexpr std::size_t kMostBar = 30;
constexpr std::size_t kText = 50;
constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kLineEvery{5};

}  // namespace

ReplayConsole::ReplayConsole()
    : terminal_(stdout),
      // A short replay needs no line but the last.
      next_(std::chrono::steady_clock::now() +
            (terminal_.is_terminal() ? Instant::duration() : kLineEvery)) {}

void ReplayConsole::progress(const ReplayProgress& progress, Instant now) {
  if (now < next_) return;
  const std::string text = progress_line(progress);
  if (!terminal_.is_terminal()) {
    next_ = now + kLineEvery;
    terminal_.line(Line().add("-- ").add(text));
    terminal_.flush();
    return;
  }
  next_ = now + kRedraw;
  const std::size_t room = std::max(terminal_.columns(), kText) - kText;
  Line line;
  if (room >= 10) line.add(progress_bar(progress.fraction, std::min(room, kMostBar))).add(" ");
  terminal_.status(line.add(text));
}

void ReplayConsole::print(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    terminal_.line(Line().add(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  terminal_.flush();
}

}  // namespace gateway::replay
