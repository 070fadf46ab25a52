#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "testkit/child_process.hpp"
#include "testkit/socket.hpp"

namespace gateway::soak {

// Returns a page of the gateway's admin port; nothing if it does not answer 200 in time.
[[nodiscard]] std::optional<std::string> get(std::uint16_t port, std::string_view target);
// Returns the sum over the series of that name in a page of metrics; 0 if there is none.
[[nodiscard]] double metric_total(std::string_view page, std::string_view name);
using test::free_port;

// The ports of a scenario, all on 127.0.0.1.
struct Ports {
  std::uint16_t bus;
  std::uint16_t gateway;
  std::uint16_t admin;
};

// Writes config.yml to `directory`: a gateway that takes posts from anybody and sends to the bus,
// whose host is `eventbus`.
// `gateway` is appended to the section of that name (indented by two), `rest` are further sections.
// Returns the path. Throws std::system_error.
[[nodiscard]] std::string write_config(const std::string& directory, const Ports& ports,
                                       std::string_view gateway, std::string_view rest,
                                       std::string_view eventbus = "127.0.0.1");

// `cos-gateway run` as a child process, which does not outlive this one. Its log goes to a file.
class GatewayProcess {
 public:
  GatewayProcess(const std::string& program, const std::string& config, const std::string& log,
                 std::uint16_t admin);

  // Starts it, and returns when it is ready. Throws std::runtime_error when it is not within 20 s.
  void start();
  // Kills it with SIGKILL; returns when it is gone.
  void kill() { process_.kill(); }
  // Stops it with SIGTERM. Returns the exit code; nothing when it had to be killed after `limit`.
  [[nodiscard]] std::optional<int> stop(std::chrono::milliseconds limit) {
    return process_.stop(limit);
  }
  [[nodiscard]] bool running() const noexcept { return process_.running(); }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }

 private:
  test::ChildProcess process_;
  std::uint16_t admin_;
};

}  // namespace gateway::soak
