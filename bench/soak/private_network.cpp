#include "soak/private_network.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace gateway::soak {
namespace {

bool works(const std::string& command) {
  const std::string quiet = command + " >/dev/null 2>&1";
  return std::system(quiet.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): one thread
}

// Adds to the rules, or, with `flush`, replaces them.
void set_rules(const std::string& rules, bool flush) {
  const std::string command = fmt::format("iptables-restore {}", flush ? "" : "--noflush");
  std::FILE* const pipe = ::popen(command.c_str(), "w");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  const std::string text = "*filter\n" + rules + "COMMIT\n";
  const bool written = std::fwrite(text.data(), 1, text.size(), pipe) == text.size();
  if (::pclose(pipe) != 0 || !written) throw std::runtime_error(command + " fails");
}

}  // namespace

std::string no_private_network() {
  if (::geteuid() != 0) return "it needs root, for a network of its own";
  if (!works("unshare --net sh -c 'ip link set lo up && iptables -A INPUT -s 127.0.0.9 -j DROP'")) {
    return "it needs network namespaces and the commands ip and iptables";
  }
  return {};
}

PrivateNetwork::PrivateNetwork() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      !works("ip link set lo up")) {
    throw std::runtime_error("there can be no network of its own");
  }
  char path[] = "/tmp/cos-soak-hosts-XXXXXX";
  const int file = ::mkstemp(path);
  if (file < 0) throw std::runtime_error("cannot write to /tmp");
  ::close(file);
  hosts_ = path;
  name("localhost", {"127.0.0.1"});
  const bool mounted = ::mount(path, "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
  // It stays where it is mounted.
  ::unlink(path);
  if (!mounted) throw std::runtime_error("/etc/hosts cannot be mounted over");
  hosts_ = "/etc/hosts";
}

// The file is gone from its folder: nothing could be mounted over it again.
PrivateNetwork::~PrivateNetwork() {
  ::umount2("/etc/hosts", MNT_DETACH);
}

void PrivateNetwork::name(const std::string& host,
                          const std::vector<std::string>& addresses) const {
  std::ofstream file(hosts_, std::ios::trunc);
  file << "127.0.0.1 localhost\n";
  for (const std::string& address : addresses) file << address << ' ' << host << '\n';
}

void PrivateNetwork::silence(const std::vector<std::string>& addresses) const {
  std::string rules;
  for (const std::string& address : addresses) {
    rules += fmt::format("-A INPUT -s {0} -j DROP\n-A INPUT -d {0} -j DROP\n", address);
  }
  set_rules(rules, true);
}

std::size_t PrivateNetwork::forget(std::uint16_t port) const {
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

}  // namespace gateway::soak
