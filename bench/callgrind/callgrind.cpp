#include "callgrind/callgrind.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace gateway::callgrind {
namespace {

constexpr auto kProfile = "profile";
constexpr auto kLog = "log";
constexpr auto kOutput = "output";
constexpr int kNotFound = 127;

// The number behind `label` on the line of `text` that has it.
double number_behind(std::string_view label, const std::string& text) {
  const auto at = text.find(label);
  if (at == std::string::npos) {
    throw std::runtime_error(fmt::format("callgrind wrote no \"{}\"", label));
  }
  return std::strtod(text.c_str() + at + label.size(), nullptr);
}

}  // namespace

Callgrind::~Callgrind() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Callgrind::start(const std::vector<std::string>& options,
                      const std::vector<std::string>& command) {
  std::vector<std::string> words{"valgrind", "--tool=callgrind",
                                 "--callgrind-out-file=" + folder_.file(kProfile),
                                 "--log-file=" + folder_.file(kLog)};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), command.begin(), command.end());
  const std::string output = folder_.file(kOutput);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (out < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(1);
  ::execvp(arguments[0], arguments.data());
  ::_exit(kNotFound);
}

void Callgrind::must_run() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  pid_ = -1;
  fail("has ended");
}

void Callgrind::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound) {
    throw std::runtime_error("valgrind cannot be started: is it installed?");
  }
  const bool terminated = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
  if (status != 0 && !terminated) fail("failed");
}

void Callgrind::terminate() {
  ::kill(pid_, SIGTERM);
  wait();
}

double Callgrind::total() const {
  return number_behind("Collected :", text(kLog));
}

double Callgrind::dump(std::size_t n) const {
  return number_behind("\ntotals: ", text(fmt::format("{}.{}", kProfile, n)));
}

std::string Callgrind::text(std::string_view name) const {
  std::ifstream in(folder_.file(std::string(name)));
  return {std::istreambuf_iterator<char>(in), {}};
}

void Callgrind::fail(std::string_view what) const {
  throw std::runtime_error(
      fmt::format("the program under valgrind {}:\n{}{}", what, text(kOutput), text(kLog)));
}

}  // namespace gateway::callgrind
