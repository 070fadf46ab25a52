#include "process/server_process.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <system_error>
#include <utility>

#include "testkit/eventually.hpp"
#include "testkit/socket.hpp"
#include "testkit/text_file.hpp"

namespace gateway::bench {
namespace {

constexpr std::chrono::milliseconds kPoll{5};
constexpr std::size_t kMostOfLog = 2'000;

}  // namespace

bool listens(const std::string& host, std::uint16_t port) {
  try {
    static_cast<void>(test::connect_to(host, port));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

ServerProcess::ServerProcess(std::vector<std::string> command, std::string log,
                             std::function<bool()> ready, test::ChildOptions options)
    : ChildProcess(std::move(command), std::move(log), std::move(options)),
      ready_(std::move(ready)) {}

void ServerProcess::start(std::chrono::milliseconds limit) {
  ChildProcess::start();
  const auto settled = [this] {
    if (ready_()) return true;
    must_run();
    return false;
  };
  if (!test::eventually(settled, limit, kPoll)) fail("does not get ready");
}

void ServerProcess::must_run() {
  if (const auto code = ended()) fail(fmt::format("has ended with {}", *code));
}

void ServerProcess::fail(const std::string& what) const {
  std::string text = test::read_text(log());
  if (text.size() > kMostOfLog) text.erase(0, text.size() - kMostOfLog);
  throw Unreachable(fmt::format("{} {}: {}", fmt::join(command(), " "), what,
                                text.empty() ? "it said nothing" : text));
}

}  // namespace gateway::bench
