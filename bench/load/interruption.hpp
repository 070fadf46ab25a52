#pragma once

namespace gateway::load {

// From now on SIGINT and SIGTERM do not end the process but are remembered.
void catch_interruption();
[[nodiscard]] bool interrupted() noexcept;

}  // namespace gateway::load
