#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/gateway_config.hpp"
#include "runtime/host_port.hpp"
#include "testkit/server_process.hpp"
#include "testkit/socket.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::load {

using test::Unreachable;

// A program to be measured.
struct GatewaySpec {
  std::string name = {};     // as it stands in results
  std::string program = {};  // a cos-gateway, run with a configuration made for the run; or empty:
  std::string command = {};  // for /bin/sh, with placeholders in it; or empty: a server that runs
  std::string host = "127.0.0.1";  // of that server, an IPv4 address
  std::uint16_t port = 0;
  pid_t pid = 0;                        // of that server, if it is to be measured; 0: unknown
  std::vector<std::string> under = {};  // words before program or command, as of valgrind
  // No gateway: posts go directly to the eventbus of the run.
  bool direct = false;
  // Replaces that of the scenario, to be compared with the same gateway in another form.
  std::optional<GatewayForm> form = {};
};
// No gateway, which shows the cost of load and eventbus by themselves.
inline const GatewaySpec kNoGateway{.name = "direct", .direct = true};

// Parses "NAME=COMMAND", or a command whose name is `name` then.
[[nodiscard]] GatewaySpec named_gateway(std::string_view text, std::string_view name);

// Returns `command` with the placeholders filled in: {port} to listen on, {sink}, the port of the
// eventbus, and {folder}, which has cert.pem and key.pem if posts come over TLS.
[[nodiscard]] std::string fill_in(std::string command, std::uint16_t port, std::uint16_t sink,
                                  const std::string& folder);

// Runs a gateway, which accepts connections while this object lives.
class GatewayUnderTest {
 public:
  // Starts the gateway and returns when it listens. Throws Unreachable if it does not within 20 s,
  // or a minute where it is run under something. `cores` are those that it may run on; none means
  // all.
  GatewayUnderTest(const GatewaySpec& spec, const GatewaySettings& settings, std::uint16_t sink,
                   const std::vector<int>& cores);
  ~GatewayUnderTest();
  GatewayUnderTest(const GatewayUnderTest&) = delete;
  GatewayUnderTest& operator=(const GatewayUnderTest&) = delete;

  // Throws Unreachable if the gateway was started here and has ended.
  void check() const {
    if (process_) process_->must_run();
  }
  // Ends a gateway that was started here. Throws Unreachable unless it ends within a minute, with
  // status 0 or by SIGTERM.
  void stop();
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] test::Address address() const { return test::address_of(host_, port_); }
  [[nodiscard]] std::string host_and_port() const { return host_port_text(host_, port_); }
  // Returns the process to be measured; 0 if it is unknown.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Returns its command line.
  [[nodiscard]] const std::string& command() const noexcept { return command_; }

 private:
  std::string host_;
  std::uint16_t port_;
  pid_t pid_;
  std::string command_;
  test::TemporaryFolder folder_;
  std::unique_ptr<test::ServerProcess> process_;
};

}  // namespace gateway::load
