#pragma once
#include <CLI/App.hpp>

#include "cloud/provisioner.hpp"

namespace gateway::commands {

void add_provision(CLI::App& app, int& exit_code);
void add_deprovision(CLI::App& app, int& exit_code);

// 77 for want of rights or credentials, else 69.
[[nodiscard]] int exit_code_of(const cloud::ProvisioningStatus& status) noexcept;

}  // namespace gateway::commands
