#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/action.hpp"
#include "support/http_message.hpp"
#include "support/socket.hpp"

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

// An eventbus on a loopback port, in a thread of its own, that does what the test tells it to and
// remembers all that came. It reads requests strictly; whatever breaks the grammar or the
// CloudEvents HTTP binding fails the test when the bus goes.
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
  struct Connection;

  void run();
  [[nodiscard]] int poll_timeout() const;
  void accept_all();
  void read(Connection& connection);
  void parse(Connection& connection);
  void progress(Connection& connection);
  bool send_front(Connection& connection);
  void close_all();
  void wake() const;

  std::uint16_t port_ = 0;
  Socket listener_;
  Socket wake_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  bool listening_ = false;
  bool held_ = false;
  Script script_;
  std::deque<Action> next_;
  Requests requests_;
  std::vector<std::string> protocol_errors_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t deepest_pipeline_ = 0;

  std::thread thread_;
};

// Answers the first `k` requests with `status`, then does `fault` once, then answers again.
[[nodiscard]] ScriptedEventbus::Script answer_then(std::size_t k, Action fault,
                                                   unsigned status = 200);

}  // namespace gateway::test
