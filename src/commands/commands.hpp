#pragma once
#include <vector>

#include "commands/command.hpp"

namespace gateway::cloud {
struct ProvisioningStatus;
}

// The subcommands of cos-gateway, each made in the file of its name.
namespace gateway::commands {

// Serves until SIGTERM or SIGINT.
[[nodiscard]] Command run_command();
// Validates the configuration and prints the effective one, redacted.
[[nodiscard]] Command check_command();
// Prints the requests a payload would be delivered with. Sends nothing.
[[nodiscard]] Command explain_command();
// Brings the cloud to the wanted state, and undoes that.
[[nodiscard]] Command provision_command();
[[nodiscard]] Command deprovision_command();
// Returns the exit code of provisioning that failed: 77 for want of rights or credentials, else 69.
[[nodiscard]] int exit_code_of(const cloud::ProvisioningStatus& status) noexcept;
// Shows what there is in spool and dead letters. Changes nothing.
[[nodiscard]] Command inspect_command();
// Sends stored events to the eventbus again.
[[nodiscard]] Command replay_command();
// Removes dead letters, or rows that cannot be read, for good.
[[nodiscard]] Command discard_command();
// Prints what posts to a gateway of this configuration are signed with.
[[nodiscard]] Command token_command();
// Posts a payload, signed as the relay signs it, and says where its events ended.
[[nodiscard]] Command post_command();
// Shows the events of a running gateway as they are settled.
[[nodiscard]] Command tap_command();
// Shows the figures of a running gateway, again and again.
[[nodiscard]] Command top_command();
// Asks a running gateway how it is; for images that have no shell.
[[nodiscard]] Command health_command();
// Runs gateway, eventbus and posts in one process, and shows events as they arrive.
[[nodiscard]] Command demo_command();
// Prints the version of this program and what it was built with.
[[nodiscard]] Command version_command();

// Print the manual page and a shell's completion script, made of the commands as they are declared.
// `all`, which may still be filled, outlives them.
[[nodiscard]] Command man_command(const std::vector<Command>& all);
[[nodiscard]] Command completion_command(const std::vector<Command>& all);

}  // namespace gateway::commands
