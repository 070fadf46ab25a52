#include "load/child_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

namespace gateway::load {
namespace {

constexpr std::chrono::milliseconds kPoll{5};
constexpr unsigned long kUsualTimerSlack = 50'000;  // nanoseconds, Linux's own default

// In the child, between fork and exec.
[[noreturn]] void become(char* const* arguments, int log, const cpu_set_t* cores, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) ::_exit(127);
  // The poller's precision would be inherited, and is not what the program runs with elsewhere.
  ::prctl(PR_SET_TIMERSLACK, kUsualTimerSlack);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (cores != nullptr) ::sched_setaffinity(0, sizeof *cores, cores);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const std::string& log,
                           const std::vector<int>& cores) {
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw std::system_error(errno, std::generic_category(), log);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(pointers.data(), file, cores.empty() ? nullptr : &set, parent);
  const int error = errno;
  ::close(file);
  if (pid_ < 0) throw std::system_error(error, std::generic_category(), "fork");
  ::setpgid(pid_, pid_);  // whoever of the two comes first
}

ChildProcess::~ChildProcess() {
  ::kill(-pid_, SIGKILL);
  if (!ended_) ::waitpid(pid_, nullptr, 0);
}

bool ChildProcess::running() {
  if (!ended_) ended_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
  return !ended_;
}

void ChildProcess::stop(std::chrono::milliseconds limit) {
  ::kill(-pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (running() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kPoll);
  ::kill(-pid_, SIGKILL);
}

}  // namespace gateway::load
