#pragma once
#include <string_view>

#include "gateway/replay/replayer.hpp"

namespace gateway::replay {

// Shows on standard output how a replay gets on: on a terminal a bar that is rewritten in place,
// elsewhere a line every few seconds.
class ReplayConsole {
 public:
  ReplayConsole();

  // To be called several times a second.
  void progress(const ReplayProgress& progress, Instant now);
  // Below what was shown last.
  void print(std::string_view text);

 private:
  const bool terminal_;
  bool bar_shown_ = false;  // the cursor stands behind it
  Instant next_;
};

}  // namespace gateway::replay
