#include "commands/admin_address.hpp"

#include <cstdint>
#include <string_view>

#include "events/number_text.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

std::optional<config::HostPort> parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  if (!brackets && host.find(':') != std::string_view::npos) return std::nullopt;
  config::HostPort address;
  address.host = host.empty() ? "127.0.0.1" : host;
  address.port = read_number<std::uint16_t>(port).value_or(0);
  if (address.port == 0) return std::nullopt;
  return address;
}

}  // namespace

void AdminAddress::add_address_to(Command& command) {
  command.add("--admin", &given_, "Admin port of the gateway (else gateway.admin)",
              {.shown = "HOST:PORT"});
}

void AdminAddress::add_to(Command& command) {
  add_address_to(command);
  configuration_.add_to(command);
  configuration_.assume_if_none({"target=http://eventbus.example", "eventbus=example",
                                 "function.provision=false", "gateway.auth=none"});
}

std::optional<config::HostPort> AdminAddress::find(int& exit_code) const {
  if (!given_.empty()) return find(config::Settings(), exit_code);
  if (const auto* const read = settings()) return find(*read, exit_code);
  exit_code = kConfiguration;
  return std::nullopt;
}

std::optional<config::HostPort> AdminAddress::find(const config::Settings& settings,
                                                   int& exit_code) const {
  if (!given_.empty()) {
    auto address = parse(given_);
    if (!address) {
      print_error("error: --admin: expected HOST:PORT, as in 127.0.0.1:9464\n");
      exit_code = kUsage;
    }
    return address;
  }
  return settings.ingress.admin.from_here();
}

const config::Settings* AdminAddress::settings() const {
  if (!settings_) settings_.emplace(configuration_.load());
  return *settings_ ? &**settings_ : nullptr;
}

observe::AdminKeys AdminAddress::keys() const {
  const auto* const read = settings();
  if (read == nullptr) return {};
  return {read->ingress.admin_token, read->ingress.admin_host};
}

}  // namespace gateway::commands
