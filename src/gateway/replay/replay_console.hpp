#pragma once
#include <string_view>

#include "gateway/replay/replayer.hpp"
#include "runtime/terminal.hpp"

namespace gateway::replay {

// Shows on standard output how a replay gets on: on a terminal a bar that is rewritten in place,
// elsewhere a line every few seconds.
class ReplayConsole {
 public:
  ReplayConsole();

  // To be called several times a second.
  void progress(const ReplayProgress& progress, Instant now);
  // Prints lines below what was shown last.
  void print(std::string_view text);

 private:
  Terminal terminal_;
  Instant next_;
};

}  // namespace gateway::replay
