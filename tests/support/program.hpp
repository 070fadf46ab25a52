#pragma once
#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gateway::test {

// What a run of the built program gave.
struct ProgramRun {
  int exit_code = -1;  // -1 if a signal ended it
  std::string out;
  std::string err;
};

// Runs cos-gateway with these arguments, nothing of it in the environment, and waits for its end.
[[nodiscard]] ProgramRun run_program(const std::vector<std::string>& arguments);

// cos-gateway serving in the background, with its output in files. Killed when this goes.
class RunningProgram {
 public:
  // `prepare` is called in the new process before the program takes it over.
  explicit RunningProgram(const std::vector<std::string>& arguments,
                          const std::function<void()>& prepare = {});
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  // Until /readyz on that port says so; false if the program ends, or has not got there in 20 s.
  [[nodiscard]] bool wait_until_ready(std::uint16_t admin_port);
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // SIGTERM; what the whole run gave.
  [[nodiscard]] ProgramRun stop();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, CloseFile>;
  friend ProgramRun run_program(const std::vector<std::string>& arguments);

  [[nodiscard]] static File scratch();
  [[nodiscard]] ProgramRun wait();

  File out_;
  File err_;
  pid_t pid_ = -1;
};

}  // namespace gateway::test
