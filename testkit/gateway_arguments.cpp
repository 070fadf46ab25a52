#include "testkit/gateway_arguments.hpp"

#include <fmt/format.h>

#include <utility>

namespace gateway::test {

std::vector<std::string> arguments_to_run(std::uint16_t port, std::uint16_t admin_port,
                                          std::uint16_t eventbus_port,
                                          const std::vector<std::string>& settings) {
  std::vector<std::string> arguments{"run", "--config", "/dev/null"};
  const auto set = [&](std::string setting) {
    arguments.emplace_back("--set");
    arguments.push_back(std::move(setting));
  };
  set(fmt::format("target=127.0.0.1:{}", eventbus_port));
  set("eventbus=test");
  set("function.provision=false");
  set(fmt::format("gateway.listen=127.0.0.1:{}", port));
  set(fmt::format("gateway.admin=127.0.0.1:{}", admin_port));
  set("gateway.auth=none");
  for (const std::string& setting : settings) set(setting);
  return arguments;
}

}  // namespace gateway::test
