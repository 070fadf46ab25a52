#include "commands/commands.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <boost/version.hpp>

#include "commands/command.hpp"
#include "gateway/version.hpp"

namespace gateway::commands {

Command version_command() {
  return {.name = "version", .summary = "Print version and build", .run = [] {
            fmt::print("cos-gateway {} ({}; Boost {}.{}; {})\n", kVersion, __VERSION__,
                       BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000,
                       OpenSSL_version(OPENSSL_VERSION));
            return kDone;
          }};
}

}  // namespace gateway::commands
