#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gateway::test {

// Returns the arguments of a run on these ports of loopback, without a configuration file,
// provisioning or authentication; each of `settings` is a key=value more,
// of which the last of a key counts.
[[nodiscard]] std::vector<std::string> arguments_to_run(
    std::uint16_t port, std::uint16_t admin_port, std::uint16_t eventbus_port,
    const std::vector<std::string>& settings = {});

}  // namespace gateway::test
