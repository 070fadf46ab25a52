#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <thread>

namespace gateway::soak {

// An eventbus on 127.0.0.1 that answers 200 to every request and looks no further than its length,
// in a thread of its own ("bus"): to measure with, where faults::FaultBus would be what is
// measured.
class FastBus {
 public:
  // `rate`: answers a second, if not 0; what is asked beyond waits. Throws std::system_error if it
  // cannot listen on `port`.
  explicit FastBus(std::uint16_t port, double rate = 0);
  // Closes listener and connections.
  ~FastBus();
  FastBus(const FastBus&) = delete;
  FastBus& operator=(const FastBus&) = delete;

  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

 private:
  struct Connection {
    std::string unread;
    std::uint64_t owed = 0;  // answers
  };

  void run();
  [[nodiscard]] int wait_ms() const noexcept;
  // Answers what is owed, as far as the rate goes. False: the connection has ended.
  [[nodiscard]] bool answer(int socket, Connection& connection);
  // False: the connection has ended.
  [[nodiscard]] bool serve(int socket, Connection& connection);

  int listener_ = -1;
  int poll_ = -1;
  const double rate_;
  double allowed_ = 0;                     // answers, at this moment
  std::map<int, Connection> connections_;  // by socket
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> taken_{0};
  std::thread thread_;
};

}  // namespace gateway::soak
