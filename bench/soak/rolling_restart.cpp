#include "soak/rolling_restart.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace gateway::soak {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kGateways = 3;
constexpr double kPostsPerSecond = 100;
constexpr milliseconds kLook{20};
constexpr milliseconds kPatience{20'000};  // of the balancer's with a gateway
constexpr milliseconds kLongestStop{20'000};
constexpr milliseconds kUnavailable{1000};  // as long as that is too long

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

// The drain delay that deploy/haproxy/haproxy.cfg requires.
constexpr std::string_view kGatewayLines = "  drain_delay: 2s\n";

void replace(std::string& text, std::string_view what, const std::string& by) {
  const auto at = text.find(what);
  if (at == std::string::npos) {
    throw std::runtime_error(fmt::format("haproxy.cfg has no \"{}\"", what));
  }
  text.replace(at, what.size(), by);
}

// Writes the example configuration that users are given, with ports of this machine. Returns its
// path.
std::string write_balancer(const Options& options, const Ports& balancer,
                           const std::array<Ports, kGateways>& gateways) {
  std::ifstream file(COS_GATEWAY_DEPLOY "/haproxy/haproxy.cfg");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  replace(text, "bind :8080", fmt::format("bind 127.0.0.1:{}", balancer.gateway));
  replace(text, "bind 127.0.0.1:8404", fmt::format("bind 127.0.0.1:{}", balancer.admin));
  for (std::size_t i = 0; i < kGateways; ++i) {
    replace(text, fmt::format("10.0.0.1{}:8080", i + 1),
            fmt::format("127.0.0.1:{} port {}", gateways[i].gateway, gateways[i].admin));
  }
  std::string path = options.directory + "/haproxy.cfg";
  write(path, text);
  return path;
}

// Runs gateways, balancer and eventbus.
class Cluster {
 public:
  explicit Cluster(const Options& options)
      : bus_(*test::Schedule::parse("healthy"), options.seed, oracle_),
        gateways_{make(options, 0), make(options, 1), make(options, 2)},
        balancer_({find_haproxy(), "-db", "-f", write_balancer(options, balancer_ports_, ports_)},
                  options.directory + "/haproxy.log") {
    for (auto& gateway : gateways_) gateway.start();
    balancer_.start();
  }

  // Waits until the balancer reports that `count` gateways are up.
  void await_up(std::size_t count) {
    const auto limit = steady_clock::now() + kPatience;
    while (up() != count) {
      if (const auto code = balancer_.ended()) {
        throw std::runtime_error(
            fmt::format("haproxy ended with {}; its log is {}", *code, balancer_.log()));
      }
      if (steady_clock::now() >= limit) {
        throw std::runtime_error(
            fmt::format("haproxy finds {} gateways up instead of {}; its log "
                        "is {}",
                        up(), count, balancer_.log()));
      }
      std::this_thread::sleep_for(kLook);
    }
  }

  [[nodiscard]] std::array<GatewayProcess, kGateways>& gateways() noexcept { return gateways_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return balancer_ports_.gateway; }
  [[nodiscard]] test::FaultBus& bus() noexcept { return bus_; }
  [[nodiscard]] test::Oracle& oracle() noexcept { return oracle_; }

 private:
  GatewayProcess make(const Options& options, std::size_t number) {
    const std::string folder = fmt::format("{}/gateway{}", options.directory, number + 1);
    std::filesystem::create_directory(folder);
    return {options.gateway, write_config(folder, ports_[number], kGatewayLines, ""),
            folder + "/gateway.log", ports_[number].admin};
  }

  [[nodiscard]] Ports free_ports() const { return {bus_.port(), free_port(), free_port()}; }

  [[nodiscard]] std::size_t up() const {
    std::istringstream table(get(balancer_ports_.admin, "/;csv").value_or(""));
    std::size_t count = 0;
    for (std::string line; std::getline(table, line);) {
      if (line.starts_with("gateways,gateway") && line.find(",UP,") != std::string::npos) ++count;
    }
    return count;
  }

  test::Oracle oracle_;
  test::FaultBus bus_;
  const std::array<Ports, kGateways> ports_{free_ports(), free_ports(), free_ports()};
  const Ports balancer_ports_ = free_ports();  // what it has for gateways, and its page of states
  std::array<GatewayProcess, kGateways> gateways_;
  test::ChildProcess balancer_;
};

}  // namespace

std::string find_haproxy() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  const char* const path = std::getenv("PATH");
  // The folder in which Debian installs it is not in every PATH.
  std::istringstream folders(std::string(path == nullptr ? "" : path) +
                             ":/usr/local/sbin:/usr/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string program = folder + "/haproxy";
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return {};
}

Outcome rolling_restart(const Options& options) {
  Outcome outcome;
  outcome.scenario = "rolling";
  Cluster cluster(options);
  cluster.await_up(kGateways);

  test::LoaderSettings load;
  load.port = cluster.port();
  load.connections = 8;
  load.rate = kPostsPerSecond;
  load.max_records = 1;
  load.seed = options.seed;
  test::Loader loader(load, cluster.oracle());

  const auto begin = steady_clock::now();
  unsigned rounds = 0;
  duration<double> longest_stop{0};
  do {
    for (GatewayProcess& gateway : cluster.gateways()) {
      const auto stopping = steady_clock::now();
      const auto code = gateway.stop(kLongestStop);
      longest_stop = std::max<duration<double>>(longest_stop, steady_clock::now() - stopping);
      if (!code) outcome.problems.emplace_back("a gateway did not end after SIGTERM");
      if (code && *code != 0) {
        outcome.problems.push_back(fmt::format("a gateway ended with {}", *code));
      }
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
    if (gateway.stop(kLongestStop) != 0) outcome.problems.emplace_back("a gateway did not stop");
  }
  cluster.bus().stop();
  outcome.balance = cluster.oracle().check();
  const auto& balance = outcome.balance;
  outcome.numbers.emplace_back("restarts", static_cast<double>(rounds * kGateways));
  outcome.numbers.emplace_back("longest stop, s", longest_stop.count());
  outcome.numbers.emplace_back("longest without an answer, ms",
                               static_cast<double>(silence.count()));
  outcome.numbers.emplace_back("most attempts of a post", loader.most_attempts());
  if (silence >= kUnavailable) {
    outcome.problems.push_back(fmt::format("nothing was acknowledged for {} ms", silence.count()));
  }
  if (balance.refused + balance.unanswered != 0) {
    outcome.problems.push_back(fmt::format("{} attempts were refused, {} not answered",
                                           balance.refused, balance.unanswered));
  }
  if (balance.posts_acknowledged != balance.posts || balance.arrived != balance.records) {
    outcome.problems.push_back(fmt::format("of {} posts {} were acknowledged, {} events arrived",
                                           balance.posts, balance.posts_acknowledged,
                                           balance.arrived));
  }
  return outcome;
}

}  // namespace gateway::soak
