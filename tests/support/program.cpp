#include "support/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace gateway::test {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// Files rather than pipes: nobody needs to read while the program runs.
File scratch() {
  File file(std::tmpfile());
  if (!file) throw std::runtime_error("no scratch file");
  return file;
}

std::string contents(std::FILE* file) {
  std::string text;
  if (std::fseek(file, 0, SEEK_SET) != 0) throw std::runtime_error("the scratch file is lost");
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

}  // namespace

ProgramRun run_program(const std::vector<std::string>& arguments) {
  const File out = scratch();
  const File err = scratch();
  std::vector<std::string> words{COS_GATEWAY_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string config = "CONNECTOR_CONFIG=/nowhere";
  char* const environment[] = {config.data(), nullptr};

  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no child process");
  if (child == 0) {
    dup2(fileno(out.get()), STDOUT_FILENO);
    dup2(fileno(err.get()), STDERR_FILENO);
    execve(argv.front(), argv.data(), environment);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ProgramRun run;
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  run.out = contents(out.get());
  run.err = contents(err.get());
  return run;
}

}  // namespace gateway::test
