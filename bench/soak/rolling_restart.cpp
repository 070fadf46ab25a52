#include "soak/scenarios.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "soak/gateway_process.hpp"
#include "testkit/eventually.hpp"
#include "testkit/fault_bus.hpp"
#include "testkit/loader.hpp"
#include "testkit/shell.hpp"
#include "testkit/text_file.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The folder in which Debian installs HAProxy is not in every PATH.
constexpr auto kPath = "PATH=$PATH:/usr/local/sbin:/usr/sbin;";
constexpr std::size_t kGateways = 3;
constexpr double kPostsWhileRolling = 100;
constexpr milliseconds kLookEvery{20};
constexpr milliseconds kBalancerPatience{20'000};  // of the balancer's with a gateway
constexpr milliseconds kLongestStop{20'000};
constexpr milliseconds kUnavailable{1000};  // as long as that is too long

void replace(std::string& text, std::string_view what, const std::string& by) {
  const auto at = text.find(what);
  if (at == std::string::npos) {
    throw std::runtime_error(fmt::format("haproxy.cfg has no \"{}\"", what));
  }
  text.replace(at, what.size(), by);
}

// Runs gateways, balancer and eventbus.
class Cluster {
 public:
  explicit Cluster(const Options& options)
      : bus_(*test::Schedule::parse("healthy"), options.seed, oracle_),
        gateways_{make(options, 0), make(options, 1), make(options, 2)},
        balancer_({"/bin/sh", "-c",
                   fmt::format("{} exec haproxy -db -f '{}'", kPath, write_balancer(options))},
                  options.directory + "/haproxy.log", [this] { return up() == kGateways; }) {
    for (auto& gateway : gateways_) gateway.start();
    balancer_.start();
  }

  // Waits until the balancer reports that `count` gateways are up.
  void await_up(std::size_t count) {
    const auto settled = [&] {
      balancer_.must_run();
      return up() == count;
    };
    if (test::eventually(settled, kBalancerPatience, kLookEvery)) return;
    balancer_.fail(fmt::format("finds {} gateways up instead of {}", up(), count));
  }

  [[nodiscard]] std::array<GatewayProcess, kGateways>& gateways() noexcept { return gateways_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] test::FaultBus& bus() noexcept { return bus_; }
  [[nodiscard]] test::Oracle& oracle() noexcept { return oracle_; }

 private:
  GatewayProcess make(const Options& options, std::size_t number) {
    const std::string folder = fmt::format("{}/gateway{}", options.directory, number + 1);
    std::filesystem::create_directory(folder);
    // The drain delay that deploy/haproxy/haproxy.cfg requires.
    return {options.gateway, folder, bus_.port(), {"gateway.drain_delay=2s"}};
  }

  // Writes the example configuration that users are given, with ports of this machine. Returns its
  // path.
  [[nodiscard]] std::string write_balancer(const Options& options) const {
    std::string text = test::read_text(COS_GATEWAY_DEPLOY "/haproxy/haproxy.cfg");
    replace(text, "bind :8080", fmt::format("bind 127.0.0.1:{}", port_));
    replace(text, "bind 127.0.0.1:8404", fmt::format("bind 127.0.0.1:{}", states_port_));
    for (std::size_t i = 0; i < kGateways; ++i) {
      replace(text, fmt::format("10.0.0.1{}:8080", i + 1),
              fmt::format("127.0.0.1:{} port {}", gateways_[i].port(), gateways_[i].admin()));
    }
    std::string path = options.directory + "/haproxy.cfg";
    test::write_text(path, text);
    return path;
  }

  // Returns how many gateways are up, by the balancer's page of states.
  [[nodiscard]] std::size_t up() const {
    std::istringstream table(test::page_of(states_port_, "/;csv").value_or(""));
    std::size_t count = 0;
    for (std::string line; std::getline(table, line);) {
      if (line.starts_with("gateways,gateway") && line.find(",UP,") != std::string::npos) ++count;
    }
    return count;
  }

  test::Oracle oracle_;
  test::FaultBus bus_;
  const std::uint16_t port_ = test::free_port();  // of the balancer, for posts
  const std::uint16_t states_port_ = test::free_port();
  std::array<GatewayProcess, kGateways> gateways_;
  test::ServerProcess balancer_;
};

}  // namespace

std::string no_haproxy() {
  if (test::works(fmt::format("{} command -v haproxy", kPath))) return {};
  return "haproxy is not installed (Debian's package haproxy)";
}

Outcome rolling_restart(const Options& options) {
  Outcome outcome("rolling");
  Cluster cluster(options);

  test::LoaderSettings load;
  load.port = cluster.port();
  load.connections = 8;
  load.rate = kPostsWhileRolling;
  load.max_records = 1;
  load.seed = options.seed;
  test::Loader loader(load, cluster.oracle());

  const auto begin = steady_clock::now();
  unsigned rounds = 0;
  double longest_stop = 0;
  do {
    for (GatewayProcess& gateway : cluster.gateways()) {
      const auto stopping = steady_clock::now();
      const auto code = gateway.stop(kLongestStop);
      longest_stop = std::max(longest_stop, seconds_since(stopping));
      outcome.want_good_end(code);
      // Otherwise "up" below could still be the state of the gateway that has stopped.
      cluster.await_up(kGateways - 1);
      gateway.start();
      cluster.await_up(kGateways);
    }
    ++rounds;
  } while (steady_clock::now() - begin < options.time);
  loader.stop();

  const milliseconds silence = std::chrono::ceil<milliseconds>(loader.longest_silence());
  for (GatewayProcess& gateway : cluster.gateways()) {
    outcome.want_good_end(gateway.stop(kLongestStop));
  }
  cluster.bus().stop();
  outcome.balance = cluster.oracle().check();
  const auto& balance = outcome.balance;
  outcome.number("restarts", rounds * kGateways);
  outcome.number("longest stop, s", longest_stop);
  outcome.number("longest without an answer, ms", silence.count());
  outcome.number("most attempts of a post", loader.most_attempts());
  if (silence >= kUnavailable) {
    outcome.problem("nothing was acknowledged for {} ms", silence.count());
  }
  if (balance.refused + balance.unanswered != 0) {
    outcome.problem("{} attempts were refused, {} not answered", balance.refused,
                    balance.unanswered);
  }
  if (balance.posts_acknowledged != balance.posts || balance.arrived != balance.records) {
    outcome.problem("of {} posts {} were acknowledged, {} events arrived", balance.posts,
                    balance.posts_acknowledged, balance.arrived);
  }
  return outcome;
}

}  // namespace gateway::soak
