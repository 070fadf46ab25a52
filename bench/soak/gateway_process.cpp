#include "soak/gateway_process.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <utility>

#include "testkit/http_client.hpp"
#include "testkit/text_file.hpp"

namespace gateway::soak {

std::optional<std::string> get(std::uint16_t port, std::string_view target) {
  try {
    test::Response answer = test::HttpClient(port).get(target);
    return answer.status == 200 ? std::optional(std::move(answer.body)) : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;  // not there, or not in time
  }
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

GatewayProcess::GatewayProcess(const std::string& program, const std::string& folder,
                               std::uint16_t bus, const Configuration& configuration,
                               std::vector<int> cores, std::uint16_t port, std::uint16_t admin)
    : ServerProcess({program, "run", "--config", folder + "/config.yml"}, folder + "/gateway.log",
                    [admin] { return get(admin, "/readyz").has_value(); },
                    {.cores = std::move(cores)}),
      port_(port),
      admin_(admin) {
  test::write_text(
      folder + "/config.yml",
      fmt::format("target: http://{}:{}\neventbus: soak\nfunction: {{ provision: false }}\n"
                  "gateway:\n  listen: 127.0.0.1:{}\n  admin: 127.0.0.1:{}\n  auth: none\n{}{}",
                  configuration.eventbus, bus, port, admin, configuration.gateway,
                  configuration.sections));
}

double GatewayProcess::metric(std::string_view name) const {
  const auto page = get(admin_, "/metrics");
  return page ? metric_total(*page, name) : -1;
}

}  // namespace gateway::soak
