#pragma once
#include <string_view>

#include "runtime/log.hpp"

namespace gateway::log {

// Returns whether systemd's journal reads standard error.
[[nodiscard]] bool journal_reads_stderr();
// Returns what a line of this level begins with there (sd-daemon(3)), as "<4>", which the journal
// takes off again; empty if it does not read standard error.
[[nodiscard]] std::string_view journal_prefix(Level level);

}  // namespace gateway::log
