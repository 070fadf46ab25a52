#pragma once
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gateway::test {

struct ChildOptions {
  // The cores it may run on; none: wherever the kernel likes.
  std::vector<int> cores = {};
  // In a process group of its own, for a program with children: signals go to all of them.
  bool own_group = false;
  // The file its standard error goes to; empty: to the log as well.
  std::string errors = {};
  // All of its environment, "NAME=VALUE"; nothing: this process' own.
  std::optional<std::vector<std::string>> environment = {};
  // Called in the child before it becomes the program; only what is safe after fork().
  std::function<void()> prepare = {};
};

// Programs that start a gateway need it to end with them, also when they are killed, and to begin
// as from a shell, whatever they do to themselves. This runs a program as a child, again and again
// if need be: with no descriptors but the first three, SIGPIPE and timer slack as usual, its output
// appended to a file. It outlives neither this object nor the thread that started it. For use by
// one thread at a time.
class ChildProcess {
 public:
  // `command`: a path, or a name to be looked for in PATH, and the arguments.
  ChildProcess(std::vector<std::string> command, std::string log, ChildOptions options = {});
  // Kills it, as kill() does.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Kills an earlier one first. Throws std::system_error if there cannot be a log or another
  // process. That the program cannot be run shows as its end with kCannotRun.
  void start();
  // SIGKILL, also for what is left of its group; returns when the child is gone.
  void kill();
  // SIGTERM, and kill() after its end, or after `limit`. The exit code, also of an earlier end;
  // nothing when the child had to be killed.
  std::optional<int> stop(std::chrono::milliseconds limit);
  // The exit code (128 + signal) once it has ended by itself.
  [[nodiscard]] std::optional<int> ended();
  // Until it has ended by itself; then as ended().
  [[nodiscard]] std::optional<int> wait();
  // Whether it was started and none of the above has seen its end.
  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }
  // Positive while it is running().
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const std::vector<std::string>& command() const noexcept { return command_; }
  [[nodiscard]] const std::string& log() const noexcept { return log_; }

  static constexpr int kCannotRun = 127;  // as shells have it

 private:
  void signal(int number) const noexcept;
  [[nodiscard]] int await_end() const noexcept;
  void end_with(int status) noexcept;

  const std::vector<std::string> command_;
  const std::string log_;
  const ChildOptions options_;
  pid_t pid_ = -1;
  pid_t group_ = -1;  // its own, which may have members yet when the child has ended
  std::optional<int> exit_code_;
};

}  // namespace gateway::test
