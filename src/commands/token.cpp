#include "commands/commands.hpp"

#include <fmt/format.h>

#include <memory>

#include "commands/configuration.hpp"
#include "gateway/auth/accepted_tokens.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

int print_token(const config::Settings& settings) {
  const Secret token = auth::gateway_token(settings);
  if (token.empty()) {
    print_error(
        "error: posts to this gateway need no token: gateway.auth is none, or there is "
        "neither gateway.token nor secret_key\n");
    return kConfiguration;
  }
  fmt::print("{}\n", token.reveal());
  return kDone;
}

}  // namespace

Command token_command() {
  auto options = std::make_shared<ConfigurationOptions>();
  Command command{.name = "token",
                  .summary =
                      "Print the token that posts are signed with: gateway.token, or what is "
                      "derived from secret_key. It is a secret",
                  .run = [options] {
                    const auto settings = options->load();
                    return settings ? print_token(*settings) : kConfiguration;
                  }};
  options->add_to(command);
  return command;
}

}  // namespace gateway::commands
