#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "process/server_process.hpp"
#include "testkit/socket.hpp"

namespace gateway::soak {

// Returns a page of an HTTP server on 127.0.0.1; nothing if it does not answer 200 in time.
[[nodiscard]] std::optional<std::string> get(std::uint16_t port, std::string_view target);
// Returns the sum over the series of that name in a page of metrics; 0 if there is none.
[[nodiscard]] double metric_total(std::string_view page, std::string_view name);

// What a scenario adds to the configuration of a gateway.
struct Configuration {
  std::string gateway = {};            // lines of the section of that name, indented by two
  std::string sections = {};           // further ones
  std::string eventbus = "127.0.0.1";  // the host of the eventbus
};

// The gateway of a scenario: takes posts from anybody on a port of 127.0.0.1 and sends to an
// eventbus. Its configuration and its log, config.yml and gateway.log, are in a folder.
class GatewayProcess : public bench::ServerProcess {
 public:
  // `bus` is the port of the eventbus; `cores` are those that the gateway may run on, none means
  // all. Throws std::system_error.
  GatewayProcess(const std::string& program, const std::string& folder, std::uint16_t bus,
                 const Configuration& configuration, std::vector<int> cores = {},
                 std::uint16_t port = test::free_port(), std::uint16_t admin = test::free_port());

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint16_t admin() const noexcept { return admin_; }
  // Returns the value of a metric, all series added up; -1 if the gateway does not answer.
  [[nodiscard]] double metric(std::string_view name) const;

 private:
  std::uint16_t port_;
  std::uint16_t admin_;
};

}  // namespace gateway::soak
