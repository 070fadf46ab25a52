#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace gateway::soak {

// Posts the same records of 1 KB over and over from a thread of its own ("load"), the next as soon
// as a connection's last is answered. It remembers nothing but numbers: to measure with, where
// faults::Loader would be what is measured.
class LoadPump {
 public:
  struct Settings {
    std::uint16_t port = 0;  // of the gateway, on 127.0.0.1
    unsigned connections = 256;
    unsigned records = 1;  // of a post
  };
  // Throws std::system_error if it cannot connect.
  explicit LoadPump(const Settings& settings);
  ~LoadPump();
  LoadPump(const LoadPump&) = delete;
  LoadPump& operator=(const LoadPump&) = delete;

  // Returns when the posts under way are answered. Throws what ended the thread early.
  void stop();

  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }  // records
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }            // posts

 private:
  struct Connection {
    int socket = -1;
    std::size_t written = 0;  // of the post under way
    std::string answer;
    bool waiting = false;  // for the answer
  };

  void run();
  void write(Connection& connection);
  void read(Connection& connection);

  const Settings settings_;
  std::string post_;
  std::vector<Connection> connections_;
  unsigned under_way_ = 0;
  int poll_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace gateway::soak
