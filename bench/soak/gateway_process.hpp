#pragma once
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testkit/gateway_arguments.hpp"
#include "testkit/server_process.hpp"
#include "testkit/socket.hpp"

namespace gateway::soak {

// Returns the sum over the series of that name in a page of metrics; 0 if there is none.
[[nodiscard]] inline double metric_total(const std::string& page, std::string_view name) {
  double total = 0;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const std::string_view series = std::string_view(line).substr(0, line.find_first_of("{ "));
    if (series == name) total += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return total;
}

// The gateway of a scenario: takes posts from anybody on a port of 127.0.0.1 and sends to an
// eventbus. Its log, gateway.log, is in a folder.
class GatewayProcess : public test::ServerProcess {
 public:
  // `bus` is the port of the eventbus, each of `settings` a key=value; `cores` are those that the
  // gateway may run on, none means all. Throws std::system_error.
  GatewayProcess(const std::string& program, const std::string& folder, std::uint16_t bus,
                 const std::vector<std::string>& settings, std::vector<int> cores = {},
                 std::uint16_t port = test::free_port(), std::uint16_t admin = test::free_port())
      : ServerProcess(command(program, test::arguments_to_run(port, admin, bus, settings)),
                      folder + "/gateway.log",
                      [admin] { return test::page_of(admin, "/readyz").has_value(); },
                      {.cores = std::move(cores)}),
        port_(port),
        admin_(admin) {}

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint16_t admin() const noexcept { return admin_; }
  // Returns the value of a metric, all series added up; -1 if the gateway does not answer.
  [[nodiscard]] double metric(std::string_view name) const {
    const auto page = test::page_of(admin_, "/metrics");
    return page ? metric_total(*page, name) : -1;
  }

 private:
  static std::vector<std::string> command(const std::string& program,
                                          std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program);
    return arguments;
  }

  std::uint16_t port_;
  std::uint16_t admin_;
};

}  // namespace gateway::soak
