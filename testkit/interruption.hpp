#pragma once

namespace gateway::test {

// From now on SIGINT and SIGTERM do not end the process but are remembered.
void catch_interruption();
[[nodiscard]] bool interrupted() noexcept;
// Returns how often one of them came.
[[nodiscard]] int interruptions() noexcept;

}  // namespace gateway::test
