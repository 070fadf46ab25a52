#pragma once
#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace gateway::load {

// A program run as a child, in a process group of its own, which does not outlive this process.
// What it says goes to a file.
class ChildProcess {
 public:
  // Runs `arguments` on those cores (none: wherever the kernel likes). Throws std::system_error. A
  // program that cannot be run ends with 127.
  ChildProcess(const std::vector<std::string>& arguments, const std::string& log,
               const std::vector<int>& cores);
  // Kills what is left of the group.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running();
  // SIGTERM to the group; SIGKILL if the child still runs after `limit`.
  void stop(std::chrono::milliseconds limit);

 private:
  pid_t pid_;
  bool ended_ = false;
};

}  // namespace gateway::load
