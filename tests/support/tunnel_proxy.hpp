#pragma once
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "testkit/socket.hpp"

namespace gateway::test {

// A proxy on a loopback port that answers CONNECT as the test says and, after a 2xx, passes bytes
// on to a port of loopback, whatever host was asked for. A thread for each connection. Members may
// be called from any thread.
class TunnelProxy {
 public:
  // `leads_to`: the port behind it.
  explicit TunnelProxy(std::uint16_t leads_to);
  ~TunnelProxy();
  TunnelProxy(const TunnelProxy&) = delete;
  TunnelProxy& operator=(const TunnelProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // What is said to the next requests; empty: nothing at all.
  void answer(std::string text);
  // The heads of the requests that came.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void accept_all();
  void serve(int client);

  const std::uint16_t leads_to_;
  std::uint16_t port_ = 0;
  Socket listener_;
  mutable std::mutex mutex_;
  std::string answer_ = "HTTP/1.1 200 Connection established\r\n\r\n";
  std::vector<std::string> requests_;
  std::list<Socket> clients_;
  std::list<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace gateway::test
