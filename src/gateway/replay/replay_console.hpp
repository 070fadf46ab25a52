#pragma once
#include <string_view>

#include "gateway/replay/replayer.hpp"
#include "runtime/terminal.hpp"

namespace gateway::replay {

// Shows the progress of a replay on standard output: on a terminal as a bar that is rewritten in
// place, elsewhere as a line every few seconds.
class ReplayConsole {
 public:
  ReplayConsole();

  // Shows the progress if it is time to. Call several times a second.
  void progress(const ReplayProgress& progress, Instant now);
  // Prints lines below the last line of progress.
  void print(std::string_view text);

 private:
  Terminal terminal_;
  Instant next_;
};

}  // namespace gateway::replay
