#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testkit/child_process.hpp"
#include "testkit/eventually.hpp"
#include "testkit/http_client.hpp"
#include "testkit/text_file.hpp"

namespace gateway::test {

// Returns a page of an HTTP server on 127.0.0.1; nothing if it does not answer 200 in time.
[[nodiscard]] inline std::optional<std::string> page_of(std::uint16_t port,
                                                        std::string_view target) {
  try {
    Response answer = HttpClient(port).get(target);
    return answer.status == 200 ? std::optional(std::move(answer.body)) : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;  // not there, or not in time
  }
}

// Returns true as soon as `ready` holds; false if the server ends before, or after `limit`.
inline bool await_ready(ChildProcess& server, const std::function<bool()>& ready,
                        std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  constexpr std::chrono::milliseconds kPoll{5};
  bool is_ready = false;
  const auto settled = [&] {
    is_ready = ready();
    return is_ready || server.ended().has_value();
  };
  return eventually(settled, limit, kPoll) && is_ready;
}

// Thrown when a server cannot be reached, so that there is nothing to measure.
class Unreachable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A gateway, or what stands beside one, as a child process. Its output goes to a file.
class ServerProcess : public ChildProcess {
 public:
  static constexpr std::chrono::milliseconds kStartLimit{20'000};

  // `ready` says whether it can be used.
  ServerProcess(std::vector<std::string> command, std::string log, std::function<bool()> ready,
                ChildOptions options = {})
      : ChildProcess(std::move(command), std::move(log), std::move(options)),
        ready_(std::move(ready)) {}

  // Starts it, and returns when it is ready. Throws Unreachable if it ends before, or is not ready
  // within `limit`.
  void start(std::chrono::milliseconds limit = kStartLimit) {
    ChildProcess::start();
    if (await_ready(*this, ready_, limit)) return;
    must_run();
    fail("does not get ready");
  }
  // Throws Unreachable if it has ended by itself.
  void must_run() {
    if (const auto code = ended()) fail(fmt::format("has ended with {}", *code));
  }
  // Throws Unreachable, with what is wrong and the end of its output.
  [[noreturn]] void fail(const std::string& what) const {
    std::string text = read_text(log());
    if (text.size() > kMostOfLog) text.erase(0, text.size() - kMostOfLog);
    throw Unreachable(fmt::format("{} {}: {}", fmt::join(command(), " "), what,
                                  text.empty() ? "it said nothing" : text));
  }

 private:
  static constexpr std::size_t kMostOfLog = 2'000;

  std::function<bool()> ready_;
};

}  // namespace gateway::test
