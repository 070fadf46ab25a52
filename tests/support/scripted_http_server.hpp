#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "testkit/action.hpp"
#include "testkit/certificate_authority.hpp"
#include "testkit/http_text.hpp"
#include "testkit/socket.hpp"

namespace gateway::test {

// A request as the server saw it.
struct ReceivedRequest {
  std::size_t index = 0;       // in order of arrival
  std::size_t connection = 0;  // number of the connection, from 0
  std::string method;
  std::string target;
  Headers headers;
  std::string body;
};

// A web server on a loopback port, plain or with TLS, that answers what the test tells it to and
// remembers what came. A thread for each connection; for few connections and plain actions (`delay`
// and `pace` of an Action are not obeyed). Members may be called from any thread.
class ScriptedHttpServer {
 public:
  using Script = std::function<Action(const ReceivedRequest&)>;

  ScriptedHttpServer();
  explicit ScriptedHttpServer(const ServerIdentity& identity);
  // Only for clients with a certificate of the authority in `client_ca`.
  ScriptedHttpServer(const ServerIdentity& identity, const std::string& client_ca);
  ~ScriptedHttpServer();
  ScriptedHttpServer(const ScriptedHttpServer&) = delete;
  ScriptedHttpServer& operator=(const ScriptedHttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  // What to do about requests from now on; without a script: 200. Runs in the connection's thread.
  void script(Script script);
  // What to do about the next request, before the script is asked.
  void next(Action action);

  [[nodiscard]] std::vector<ReceivedRequest> requests() const;
  [[nodiscard]] std::size_t connections() const;  // accepted so far
  // Of the TLS handshakes, those that went on with an earlier session.
  [[nodiscard]] std::size_t resumptions() const;
  // Until that many connections have ended on this side; false if they do not within 10 s.
  [[nodiscard]] bool wait_for_closed(std::size_t count) const;

 private:
  struct Connection;
  struct Tls;

  void start();
  void accept_all();
  void serve(Connection& connection);
  template <class Stream>
  void converse(Stream& stream, Connection& connection);
  [[nodiscard]] Action take_action(ReceivedRequest request);

  std::uint16_t port_ = 0;
  Socket listener_;
  std::unique_ptr<Tls> tls_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Script script_;
  std::deque<Action> next_;
  std::vector<ReceivedRequest> requests_;
  std::list<Connection> connections_;
  std::size_t closed_ = 0;
  std::size_t resumptions_ = 0;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace gateway::test
