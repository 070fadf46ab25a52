#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace gateway::soak {

// A program that runs as a child, which does not outlive this process. Its output goes to a file.
class ChildProcess {
 public:
  // `command` is the program's path and its arguments.
  ChildProcess(std::vector<std::string> command, std::string log);
  // Kills the child, if it runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Throws std::system_error if there cannot be another process. That the program cannot be run
  // shows as its end with 127.
  void start();
  // SIGKILL; returns when it is gone.
  void kill();
  // SIGTERM; the exit code, or nothing when it had to be killed after `limit`.
  [[nodiscard]] std::optional<int> stop(std::chrono::milliseconds limit);
  // The exit code (128 + signal) if it has ended by itself.
  [[nodiscard]] std::optional<int> ended();
  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const std::string& program() const noexcept { return command_.front(); }
  [[nodiscard]] const std::string& log() const noexcept { return log_; }

 private:
  const std::vector<std::string> command_;
  const std::string log_;
  pid_t pid_ = -1;
};

}  // namespace gateway::soak
