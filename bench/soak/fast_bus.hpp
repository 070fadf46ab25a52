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
  // Throws std::system_error if it cannot listen on `port`.
  explicit FastBus(std::uint16_t port);
  // Closes listener and connections.
  ~FastBus();
  FastBus(const FastBus&) = delete;
  FastBus& operator=(const FastBus&) = delete;

  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

 private:
  void run();
  // False: the connection has ended.
  [[nodiscard]] bool serve(int socket, std::string& unread);

  int listener_ = -1;
  int poll_ = -1;
  std::map<int, std::string> unread_;  // by socket
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> taken_{0};
  std::thread thread_;
};

}  // namespace gateway::soak
