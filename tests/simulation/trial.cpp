#include "simulation/trial.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>
#include <system_error>

namespace gateway::simulation {
namespace {

constexpr int kEndedForMemory = 99;
// Of real time; a world takes milliseconds.
constexpr unsigned kMostSeconds = 30;

void send(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(to, bytes.data(), bytes.size());
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

[[noreturn]] void live(std::uint64_t seed, const std::set<std::uint32_t>& without, int report) {
  std::set_terminate([] { _exit(kEndedForMemory); });
  ::alarm(kMostSeconds);
  const WorldResult result = run_world(seed, without);
  const WorldNumbers& numbers = result;
  std::array<char, sizeof numbers> bytes;
  std::memcpy(bytes.data(), &numbers, sizeof numbers);
  send(report, {bytes.data(), bytes.size()});
  if (!result.finding.empty()) send(report, result.finding);
  send(report, "\n");
  for (const auto& line : result.trace) send(report, "  " + line + "\n");
  std::fflush(stdout);
  _exit(0);
}

}  // namespace

Trial::Trial(std::uint64_t seed, const std::set<std::uint32_t>& without) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::fflush(stdout);
  process_ = ::fork();
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process_ == 0) live(seed, without, ends[1]);
  ::close(ends[1]);
  from_ = ends[0];
}

Trial::~Trial() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::close(from_);
}

Trial::Result Trial::result() {
  std::string said;
  std::array<char, 4096> part;
  for (ssize_t got = 0; (got = ::read(from_, part.data(), part.size())) > 0;) {
    said.append(part.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(process_, &status, 0);
  ::close(from_);
  process_ = -1;

  Result result;
  if (WIFSIGNALED(status)) {
    result.finding = fmt::format("ended by signal {} ({})", WTERMSIG(status),
                                 WTERMSIG(status) == SIGALRM ? "it hangs" : "it crashed");
  } else if (WEXITSTATUS(status) == kEndedForMemory) {
    result.ended_for_memory = true;
  } else if (WEXITSTATUS(status) != 0 || said.size() <= sizeof result.numbers) {
    result.finding = fmt::format("ended with {}", WEXITSTATUS(status));
  }
  if (said.size() <= sizeof result.numbers) return result;
  std::memcpy(&result.numbers, said.data(), sizeof result.numbers);
  const auto end = said.find('\n', sizeof result.numbers);
  if (result.finding.empty()) {
    result.finding = said.substr(sizeof result.numbers, end - sizeof result.numbers);
  }
  result.trace = said.substr(end + 1);
  return result;
}

}  // namespace gateway::simulation
