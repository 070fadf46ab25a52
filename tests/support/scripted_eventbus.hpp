#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "testkit/action.hpp"
#include "testkit/http_text.hpp"

namespace gateway::test {

// A request as the eventbus saw it.
struct Request {
  std::size_t index = 0;          // in order of arrival, over all connections
  std::size_t connection = 0;     // number of the connection, from 0
  std::size_t on_connection = 0;  // its place among the requests of that connection, from 0
  std::size_t in_flight = 0;      // unanswered ones of that connection when it came, itself counted
  std::string method;
  std::string target;
  Headers headers;
  std::string body;
  std::chrono::steady_clock::time_point arrived;
  unsigned answered = 0;  // the status it was answered with, once the kernel has the whole answer

  [[nodiscard]] bool accepted() const noexcept { return answered / 100 == 2; }
  [[nodiscard]] std::string id() const { return std::string(headers["ce-id"]); }
};
using Requests = std::vector<Request>;
// How GoogleTest shows one.
void PrintTo(const Request& request, std::ostream* out);

// A test decides what the eventbus does about each request, and must see every one of them. This is
// the kit's bus in a thread of its own that does what the test tells it to and remembers all that
// came; whatever breaks the grammar or the CloudEvents HTTP binding fails the test when it goes.
//
// All members may be called from any thread, but not from within a script.
class ScriptedEventbus {
 public:
  using Script = std::function<Action(const Request&)>;
  enum class Start { listening, down };

  explicit ScriptedEventbus(Start start = Start::listening);
  ~ScriptedEventbus();
  ScriptedEventbus(const ScriptedEventbus&) = delete;
  ScriptedEventbus& operator=(const ScriptedEventbus&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  // What to do about requests from now on; without a script: 200. Runs in the bus's thread.
  void script(Script script);
  // What to do about the next requests, one each, before the script is asked.
  void next(const Action& action, std::size_t times = 1);

  // Read and record, but answer nothing until release().
  void hold();
  void release();
  // Refuse connections and reset those there are; the port stays reserved.
  void go_down();
  void come_up();

  [[nodiscard]] Requests requests() const;
  [[nodiscard]] std::size_t connections() const;  // accepted so far
  [[nodiscard]] std::size_t open_connections() const;
  // Most requests one connection had unanswered at one time.
  [[nodiscard]] std::size_t deepest_pipeline() const;

  // Wait until `ready` holds; false when it does not within `limit`.
  [[nodiscard]] bool wait_for(const std::function<bool(const Requests&)>& ready,
                              std::chrono::milliseconds limit = kPatience) const;
  [[nodiscard]] bool wait_for_requests(std::size_t count,
                                       std::chrono::milliseconds limit = kPatience) const;
  [[nodiscard]] bool wait_for_connections(std::size_t count,
                                          std::chrono::milliseconds limit = kPatience) const;
  // Until the peer has closed that connection, or the bus has.
  [[nodiscard]] bool wait_until_closed(std::size_t connection,
                                       std::chrono::milliseconds limit = kPatience) const;

  static constexpr std::chrono::milliseconds kPatience{10'000};

 private:
  class Recorder;

  std::unique_ptr<Recorder> recorder_;
  std::uint16_t port_ = 0;
};

// Answers the first `k` requests with `status`, then does `fault` once, then answers again.
[[nodiscard]] ScriptedEventbus::Script answer_then(std::size_t k, Action fault,
                                                   unsigned status = 200);

}  // namespace gateway::test
