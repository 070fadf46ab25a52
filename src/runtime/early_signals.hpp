#pragma once

namespace gateway {

// Opening stores may take a minute, and what serves signals is made after that. A SIGTERM in
// between would end the process halfway, or be lost: process 1 of a container gets no signal it has
// no handler for (pid_namespaces(7)). This keeps SIGTERM and SIGINT from its construction on, until
// others are installed for them. A second one ends the process at once. One object a process.
class EarlySignals {
 public:
  EarlySignals() noexcept;

  // Returns whether one has come.
  [[nodiscard]] static bool came() noexcept;
};

}  // namespace gateway
