#include "support/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <utility>

#include "support/eventually.hpp"

#include "support/http_client.hpp"

namespace gateway::test {
namespace {

std::string contents(std::FILE* file) {
  std::string text;
  if (std::fseek(file, 0, SEEK_SET) != 0) throw std::runtime_error("the scratch file is lost");
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

bool is_ready(std::uint16_t admin_port) {
  try {
    return HttpClient(admin_port).get("/readyz").status == 200;
  } catch (const std::exception&) {
    return false;  // not listening yet
  }
}

}  // namespace

// Files rather than pipes: nobody needs to read while the program runs.
RunningProgram::File RunningProgram::scratch() {
  File file(std::tmpfile());
  if (!file) throw std::runtime_error("no scratch file");
  return file;
}

RunningProgram::RunningProgram(const std::vector<std::string>& arguments,
                               const std::function<void()>& prepare)
    : out_(scratch()), err_(scratch()) {
  std::vector<std::string> words{COS_GATEWAY_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string config = "CONNECTOR_CONFIG=/nowhere";
  char* const environment[] = {config.data(), nullptr};

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no child process");
  if (pid_ != 0) return;
  dup2(fileno(out_.get()), STDOUT_FILENO);
  dup2(fileno(err_.get()), STDERR_FILENO);
  if (prepare) prepare();
  execve(argv.front(), argv.data(), environment);
  _exit(127);
}

RunningProgram::~RunningProgram() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool RunningProgram::wait_until_ready(std::uint16_t admin_port) {
  bool ready = false;
  const auto settled = [&] {
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    ready = is_ready(admin_port);
    return ready || ended.si_pid != 0;
  };
  return eventually(settled, std::chrono::seconds(20)) && ready;
}

ProgramRun RunningProgram::stop() {
  kill(pid_, SIGTERM);
  return wait();
}

ProgramRun RunningProgram::wait() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  ProgramRun run;
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  run.out = contents(out_.get());
  run.err = contents(err_.get());
  return run;
}

ProgramRun run_program(const std::vector<std::string>& arguments) {
  return RunningProgram(arguments).wait();
}

}  // namespace gateway::test
