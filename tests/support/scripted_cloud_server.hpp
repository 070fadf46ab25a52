#pragma once
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/asio.hpp"
#include "runtime/signal.hpp"
#include "support/scripted_cloud.hpp"

namespace gateway::test {

// What is sent back for one request.
struct ScriptedCloud::Reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::chrono::sys_seconds now;  // for the Date header
  bool refused = false;          // answered already, no fault is played
  bool cut = false;              // the connection closes instead
};

// The HTTP side: accepts, reads, waits and writes; the cloud decides.
struct ScriptedCloud::Server {
 public:
  // Listens on 127.0.0.1; throws std::exception when it cannot.
  Server(ScriptedCloud& cloud, std::uint16_t port);

  [[nodiscard]] std::uint16_t port() const { return listener_.local_endpoint().port(); }
  // In the thread that is to be the cloud's, until stop().
  void run() { context_.run(); }
  void stop() { context_.stop(); }
  void release();

 private:
  [[nodiscard]] Task<void> accept_loop();
  [[nodiscard]] Task<void> serve(Socket socket, std::size_t connection);
  [[nodiscard]] Task<Reply> answer(RequestMessage request, std::size_t connection);

  ScriptedCloud& cloud_;
  asio::io_context context_{1};
  Acceptor listener_;
  Signal released_signal_;
  bool released_ = false;
};

}  // namespace gateway::test
