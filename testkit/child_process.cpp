#include "testkit/child_process.hpp"

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
#include <utility>

#include "runtime/descriptor.hpp"

namespace gateway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPoll{5};
constexpr unsigned long kUsualTimerSlack = 50'000;  // nanoseconds, Linux's own default

// What the child needs to know between fork and exec, where it may not allocate.
struct Becoming {
  char* const* arguments;
  char* const* environment;
  const std::function<void()>* prepare;
  int log;
  int errors;
  const cpu_set_t* cores;  // null: all
  bool own_group;
  pid_t parent;
};

// Only calls that are safe between fork and exec of a process with threads.
[[noreturn]] void become(const Becoming& what) {
  if (what.own_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != what.parent || ::dup2(what.log, 1) < 0 || ::dup2(what.errors, 2) < 0) {
    ::_exit(ChildProcess::kCannotRun);
  }
  // A listener of the parent's, held open here, would still take connections when closed there.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::prctl(PR_SET_TIMERSLACK, kUsualTimerSlack);
  ::signal(SIGPIPE, SIG_DFL);
  if (what.cores != nullptr) ::sched_setaffinity(0, sizeof *what.cores, what.cores);
  if (*what.prepare) (*what.prepare)();
  ::execvpe(what.arguments[0], what.arguments, what.environment);
  ::_exit(ChildProcess::kCannotRun);
}

// The words as exec wants them; they must outlive the result.
std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

Descriptor open_log(const std::string& path) {
  Descriptor log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log) throw std::system_error(errno, std::generic_category(), path);
  return log;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, std::string log, ChildOptions options)
    : command_(std::move(command)), log_(std::move(log)), options_(std::move(options)) {}

ChildProcess::~ChildProcess() {
  kill();
}

void ChildProcess::start() {
  kill();
  exit_code_.reset();
  const std::vector<char*> arguments = pointers(command_);
  const std::vector<char*> environment =
      options_.environment ? pointers(*options_.environment) : std::vector<char*>();
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (const int core : options_.cores) CPU_SET(core, &cores);
  const Descriptor log = open_log(log_);
  const Descriptor errors = open_log(options_.errors.empty() ? log_ : options_.errors);
  const Becoming becoming{.arguments = arguments.data(),
                          .environment = options_.environment ? environment.data() : environ,
                          .prepare = &options_.prepare,
                          .log = log.get(),
                          .errors = errors.get(),
                          .cores = options_.cores.empty() ? nullptr : &cores,
                          .own_group = options_.own_group,
                          .parent = ::getpid()};
  pid_ = ::fork();
  if (pid_ == 0) become(becoming);
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (!options_.own_group) return;
  ::setpgid(pid_, pid_);  // whoever of the two comes first
  group_ = pid_;
}

void ChildProcess::kill() {
  signal(SIGKILL);
  if (running()) static_cast<void>(await_end());
  pid_ = -1;
  group_ = -1;
}

std::optional<int> ChildProcess::stop(milliseconds limit) {
  signal(SIGTERM);
  const auto end = steady_clock::now() + limit;
  auto code = ended();
  while (running() && steady_clock::now() < end) {
    std::this_thread::sleep_for(kPoll);
    code = ended();
  }
  kill();
  return code;
}

std::optional<int> ChildProcess::ended() {
  int status = 0;
  if (running() && ::waitpid(pid_, &status, WNOHANG) == pid_) end_with(status);
  return exit_code_;
}

std::optional<int> ChildProcess::wait() {
  if (running()) end_with(await_end());
  return exit_code_;
}

void ChildProcess::signal(int number) const noexcept {
  if (group_ > 0) {
    ::kill(-group_, number);
  } else if (running()) {
    ::kill(pid_, number);
  }
}

int ChildProcess::await_end() const noexcept {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void ChildProcess::end_with(int status) noexcept {
  pid_ = -1;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace gateway::test
