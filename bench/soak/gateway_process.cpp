#include "soak/gateway_process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "testkit/http_client.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPoll{10};
constexpr milliseconds kStartLimit{20'000};

}  // namespace

std::optional<std::string> get(std::uint16_t port, std::string_view target) {
  try {
    test::Response answer = test::HttpClient(port).get(target);
    if (answer.status == 200) return std::move(answer.body);
  } catch (const std::exception&) {  // not there, or not in time
  }
  return std::nullopt;
}

double metric_total(std::string_view page, std::string_view name) {
  double total = 0;
  while (!page.empty()) {
    const auto end = page.find('\n');
    const std::string line(page.substr(0, end));
    page = end == std::string_view::npos ? std::string_view{} : page.substr(end + 1);
    if (!line.starts_with(name)) continue;
    const char after = line.size() > name.size() ? line[name.size()] : '\0';
    if (after != ' ' && after != '{') continue;
    total += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return total;
}

std::string write_config(const std::string& directory, const Ports& ports, std::string_view gateway,
                         std::string_view rest, std::string_view eventbus) {
  std::string path = directory + "/config.yml";
  std::ofstream file(path);
  file << fmt::format(
      "target: http://{}:{}\neventbus: soak\nfunction: {{ provision: false }}\n"
      "gateway:\n  listen: 127.0.0.1:{}\n  admin: 127.0.0.1:{}\n  auth: none\n{}{}",
      eventbus, ports.bus, ports.gateway, ports.admin, gateway, rest);
  file.close();
  if (!file) throw std::system_error(errno, std::generic_category(), path);
  return path;
}

GatewayProcess::GatewayProcess(const std::string& program, const std::string& config,
                               const std::string& log, std::uint16_t admin)
    : process_({program, "run", "--config", config}, log), admin_(admin) {}

void GatewayProcess::start() {
  process_.start();
  const auto limit = steady_clock::now() + kStartLimit;
  while (!get(admin_, "/readyz")) {
    if (const auto code = process_.ended()) {
      throw std::runtime_error(fmt::format("{} ended with {}; its log is {}", process_.program(),
                                           *code, process_.log()));
    }
    if (steady_clock::now() >= limit) {
      throw std::runtime_error(
          fmt::format("{} does not get ready; its log is {}", process_.program(), process_.log()));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace gateway::soak
