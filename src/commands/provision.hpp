#pragma once
#include "cloud/provisioner.hpp"
#include "commands/command.hpp"

namespace gateway::commands {

[[nodiscard]] Command provision_command();
[[nodiscard]] Command deprovision_command();

// 77 for want of rights or credentials, else 69.
[[nodiscard]] int exit_code_of(const cloud::ProvisioningStatus& status) noexcept;

}  // namespace gateway::commands
