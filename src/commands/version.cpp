#include "commands/version.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <CLI/CLI.hpp>
#include <boost/version.hpp>

#include "gateway/version.hpp"

namespace gateway::commands {

void add_version(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("version", "Print version and build");
  command->callback([&exit_code] {
    fmt::print("cos-gateway {} ({}; Boost {}.{}; {})\n", kVersion, __VERSION__,
               BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000,
               OpenSSL_version(OPENSSL_VERSION));
    exit_code = 0;
  });
}

}  // namespace gateway::commands
