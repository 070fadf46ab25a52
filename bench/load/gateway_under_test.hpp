#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/child_process.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::load {

// The gateway to be measured cannot be reached, so there is no run.
class Unreachable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A program to be measured.
struct GatewaySpec {
  std::string name;     // as it stands in results
  std::string program;  // a cos-gateway, run with a configuration made for the run; or empty:
  std::string command;  // for /bin/sh, with {port} and {sink} in it; or empty: a server that runs
  std::string host = "127.0.0.1";  // of that server, an IPv4 address
  std::uint16_t port = 0;
  pid_t pid = 0;  // of that server, if it is to be measured; 0: unknown
  // No gateway at all: posts go straight to the eventbus of the run.
  bool direct = false;
  // Over TLS, whatever the scenario says: measured beside the same gateway without TLS.
  bool tls = false;
};

// Returns the gateway that is none: it shows what load and eventbus take by themselves.
[[nodiscard]] GatewaySpec no_gateway();

// Settings of a cos-gateway, besides its addresses.
struct GatewaySettings {
  unsigned threads = 1;
  unsigned eventbus_connections = 0;  // 0: its default
  std::string pipeline;               // empty: its default
  unsigned max_connections = 10'000;
  std::string token;  // not empty: posts must be signed by it
  bool tls = false;   // with a certificate made for the run
};

// Returns the text of its configuration file. `folder` holds certificate and key if there is TLS.
[[nodiscard]] std::string gateway_config(const GatewaySettings& settings, std::uint16_t port,
                                         std::uint16_t admin, std::uint16_t sink,
                                         std::string_view folder);
// Returns `command` with the placeholders filled in.
[[nodiscard]] std::string fill_in(std::string command, std::uint16_t port, std::uint16_t sink);

// A gateway that takes connections as long as this lives.
class GatewayUnderTest {
 public:
  // Starts it, and returns when it listens. Throws Unreachable when it does not within 20 s.
  // `cores`: those it may run on; none: all.
  GatewayUnderTest(const GatewaySpec& spec, const GatewaySettings& settings, std::uint16_t sink,
                   const std::vector<int>& cores);
  ~GatewayUnderTest();
  GatewayUnderTest(const GatewayUnderTest&) = delete;
  GatewayUnderTest& operator=(const GatewayUnderTest&) = delete;

  // Throws Unreachable if it was started here and has ended.
  void check() const;
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // Returns the process to be measured; 0 if it is unknown.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Returns its command line.
  [[nodiscard]] const std::string& command() const noexcept { return command_; }

 private:
  void start(const GatewaySpec& spec, const GatewaySettings& settings, std::uint16_t sink,
             const std::vector<int>& cores);
  void wait_until_it_listens();
  [[nodiscard]] std::string log() const;

  std::string host_;
  std::uint16_t port_;
  pid_t pid_;
  std::string command_;
  test::TemporaryFolder folder_;
  std::unique_ptr<test::ChildProcess> process_;
};

}  // namespace gateway::load
