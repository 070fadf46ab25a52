#include "soak/scenarios.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "soak/scene.hpp"
#include "testkit/shell.hpp"
#include "testkit/temporary_folder.hpp"
#include "testkit/text_file.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// No post may wait longer in such networks.
constexpr seconds kLongestSilence{3};
constexpr double kPostsPerSecond = 200;
constexpr auto kHosts = "/etc/hosts";

// Adds to the rules, or, with `flush`, replaces them.
void set_rules(const std::string& rules, bool flush) {
  const std::string command = fmt::format("iptables-restore {} << END\n*filter\n{}COMMIT\nEND",
                                          flush ? "" : "--noflush", rules);
  if (std::system(command.c_str()) != 0) {  // NOLINT(concurrency-mt-unsafe): one thread
    throw std::runtime_error("iptables-restore fails");
  }
}

// A network with nothing in it but loopback, for the calling thread and whatever it starts, until
// that ends: packets on it can be dropped without a word, as they are by hosts that are away and by
// NATs and balancers that have forgotten a connection. Throws std::runtime_error if it cannot be
// had.
class PrivateNetwork {
 public:
  PrivateNetwork() {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        !test::works("ip link set lo up")) {
      throw std::runtime_error("there can be no network of its own");
    }
    // The file goes with its folder, but stays where it is mounted.
    const test::TemporaryFolder folder;
    const std::string file = folder.file("hosts");
    test::write_text(file, "");
    if (::mount(file.c_str(), kHosts, nullptr, MS_BIND, nullptr) != 0) {
      throw std::runtime_error("/etc/hosts cannot be mounted over");
    }
    name("localhost", {"127.0.0.1"});
  }
  // The file is gone from its folder: nothing could be mounted over it again.
  ~PrivateNetwork() { ::umount2(kHosts, MNT_DETACH); }
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

  // Has `host` stand for these addresses from now on.
  void name(const std::string& host, const std::vector<std::string>& addresses) const {
    std::ofstream file(kHosts, std::ios::trunc);
    file << "127.0.0.1 localhost\n";
    for (const std::string& address : addresses) file << address << ' ' << host << '\n';
  }
  // Has all packets from and to these addresses dropped, and those of others pass again.
  void silence(const std::vector<std::string>& addresses) const {
    std::string rules;
    for (const std::string& address : addresses) {
      rules += fmt::format("-A INPUT -s {0} -j DROP\n-A INPUT -d {0} -j DROP\n", address);
    }
    set_rules(rules, true);
  }
  // Has all packets dropped of the connections to `port` that there are now. Returns how many those
  // are.
  std::size_t forget(std::uint16_t port) const {
    // proc(5): local and remote address as hexadecimal numbers, then the state; 01 is established.
    std::ifstream table("/proc/thread-self/net/tcp");
    const std::string wanted = fmt::format(":{:04X}", port);
    std::string rules;
    std::size_t connections = 0;
    for (std::string line; std::getline(table, line);) {
      std::istringstream fields(line);
      std::string number;
      std::string local;
      std::string remote;
      std::string state;
      fields >> number >> local >> remote >> state;
      if (state != "01" || !remote.ends_with(wanted)) continue;
      const auto from = std::stoul(local.substr(local.find(':') + 1), nullptr, 16);
      rules += fmt::format(
          "-A INPUT -p tcp --sport {0} --dport {1} -j DROP\n"
          "-A INPUT -p tcp --sport {1} --dport {0} -j DROP\n",
          from, port);
      ++connections;
    }
    if (connections != 0) set_rules(rules, false);
    return connections;
  }
};

Outcome finish(Scene& scene, const Options& options) {
  const auto silence = std::chrono::duration<double>(scene.loader().longest_silence());
  scene.outcome().number("longest_time_without_an_acknowledgement", silence.count());
  if (silence > kLongestSilence && !options.brief) {
    scene.outcome().problem("nothing was acknowledged for more than 3 s");
  }
  return scene.finish();
}

}  // namespace

std::string no_private_network() {
  if (::geteuid() != 0) return "it needs root, for a network of its own";
  if (!test::works(
          "unshare --net sh -c 'ip link set lo up && iptables -A INPUT -s 127.0.0.9 -j DROP'")) {
    return "it needs network namespaces and the commands ip and iptables";
  }
  return {};
}

Outcome addresses(const Options& options) {
  const PrivateNetwork network;
  std::vector<std::string> all{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"};
  network.name("eventbus.soak", all);
  Scene scene("addresses", options, "healthy",
              {.host = "eventbus.soak",
               .listen = "0.0.0.0",
               .quick = false,
               .probed = true});  // addresses that failed are
  auto load = scene.load();
  load.rate = kPostsPerSecond;
  scene.begin_load(load);
  unsigned changes = 0;
  for (const auto end = steady_clock::now() + options.time; steady_clock::now() < end; ++changes) {
    std::ranges::shuffle(all, scene.random());
    const std::size_t silent = scene.random()() % all.size();
    network.silence({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(silent)});
    scene.watch(milliseconds(500 + scene.random()() % 3000));
  }
  network.silence({});
  scene.outcome().number("changes", changes);
  return finish(scene, options);
}

Outcome forgotten(const Options& options) {
  const PrivateNetwork network;
  Scene scene("forgotten", options, "healthy", {.quick = false});
  auto load = scene.load();
  load.rate = kPostsPerSecond;
  scene.begin_load(load);
  std::size_t connections = 0;
  for (const auto end = steady_clock::now() + options.time; steady_clock::now() < end;) {
    scene.watch(milliseconds(1000 + scene.random()() % 3000));
    connections += network.forget(scene.bus().port());
  }
  scene.watch(kLongestSilence);
  scene.outcome().number("connections_forgotten", connections);
  if (connections == 0) scene.outcome().problem("no connection was there to be forgotten");
  return finish(scene, options);
}

}  // namespace gateway::soak
