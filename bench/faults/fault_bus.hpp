#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "faults/arrivals.hpp"
#include "faults/record_mark.hpp"
#include "faults/schedule.hpp"
#include "runtime/asio.hpp"

namespace gateway::faults {

// An eventbus on 127.0.0.1, in a thread of its own, that fails by schedule and remembers every
// event: the three content modes over HTTP/1.1 with pipelined requests. The same seed makes the
// same choices, in the order requests happen to arrive.
//
// Members may be called from any thread, but arrivals() only after stop().
class FaultBus {
 public:
  static constexpr std::size_t kKinds = 8;  // of faults

  // Throws boost::system::system_error if it cannot listen.
  FaultBus(Schedule schedule, std::uint64_t seed);
  ~FaultBus();
  FaultBus(const FaultBus&) = delete;
  FaultBus& operator=(const FaultBus&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // From now on, from its first phase. Returns when it is in force.
  void follow(const Schedule& schedule);
  // Ends listener, connections and thread. Throws what ended the thread early, if anything did.
  void stop();

  // Events taken (answered 2xx, or the answer cut), each time they came.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  // How often each kind of fault was done.
  [[nodiscard]] std::uint64_t done(Fault::Kind kind) const noexcept {
    return done_[static_cast<std::size_t>(kind)];
  }
  // Requests that were no CloudEvents, or no HTTP.
  [[nodiscard]] std::uint64_t malformed() const noexcept { return malformed_; }
  [[nodiscard]] const Arrivals& arrivals() const noexcept { return arrivals_; }

 private:
  class Connection;

  [[nodiscard]] const Phase& phase() const;
  void enter(const Phase& phase);
  void open_listener();
  void begin_listening();
  void run();

  [[nodiscard]] Task<void> watch_phases();
  [[nodiscard]] Task<void> accept_loop();
  [[nodiscard]] Task<void> serve(std::shared_ptr<Connection> connection);
  // False when the connection has ended.
  [[nodiscard]] Task<bool> treat(Connection& connection);
  [[nodiscard]] Task<bool> flush(Connection& connection);
  [[nodiscard]] Task<bool> receive(Connection& connection);
  [[nodiscard]] Task<void> drain(Connection& connection);

  // Until the events of the request are noted; false if it carries none.
  [[nodiscard]] bool note(Connection& connection, Arrivals::Answer answer);
  [[nodiscard]] std::string answer_text(const Fault& fault);
  void count(Fault::Kind kind) noexcept { ++done_[static_cast<std::size_t>(kind)]; }

  std::mt19937_64 random_;
  Schedule schedule_;
  std::chrono::steady_clock::time_point begun_;
  Arrivals arrivals_;
  RecordMarker marker_;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> malformed_{0};
  std::array<std::atomic<std::uint64_t>, kKinds> done_{};

  asio::io_context context_{1};
  Acceptor acceptor_;
  Timer tick_;
  std::uint16_t port_ = 0;
  bool listening_ = false;
  bool stopping_ = false;
  std::list<std::weak_ptr<Connection>> connections_;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace gateway::faults
