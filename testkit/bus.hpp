#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testkit/action.hpp"
#include "testkit/http_text.hpp"
#include "testkit/poller.hpp"
#include "testkit/socket.hpp"
#include "testkit/tls_channel.hpp"

namespace gateway::test {

// Where a request stands among those a bus has received.
struct Place {
  std::uint64_t number = 0;       // in order of arrival, over all connections, from 0
  std::size_t connection = 0;     // number of the connection, from 0
  std::size_t on_connection = 0;  // among the requests of that connection, from 0
  std::size_t in_flight = 0;      // unanswered ones of that connection, itself counted
};

// What a bus does about its peers. All members are called in the thread of the bus.
class BusScript {
 public:
  BusScript() = default;
  BusScript(const BusScript&) = delete;
  BusScript& operator=(const BusScript&) = delete;
  virtual ~BusScript() = default;

  // Returns whether the connection just accepted is kept; else it is closed at once.
  [[nodiscard]] virtual bool opened(std::size_t /*connection*/) { return true; }
  virtual void closed(std::size_t /*connection*/) {}
  // Returns what to do about a request. Its views hold until the return.
  [[nodiscard]] virtual Action request(const MessageView& request, const Place& place) = 0;
  // Of each request one of these comes: the action was carried out, its bytes are in the peer's
  // kernel or ours; or the connection ended first.
  virtual void done(std::uint64_t /*number*/, const Action& /*action*/) {}
  virtual void dropped(std::uint64_t /*number*/) {}
  // Returns what to do about what is no HTTP; nothing more is read from there. It ends as
  // done(kNoRequest) or dropped(kNoRequest).
  [[nodiscard]] virtual Action malformed(const ProtocolError& error) = 0;
  static constexpr std::uint64_t kNoRequest = UINT64_MAX;
};

// An HTTP server for everything that receives events in benchmarks, soak, demo and tests. Without
// a script it answers 200 to all that a read has brought with one write and copies nothing; with
// one, each request has its own status, delay, pace, cut or silence, and answers leave in the order
// of the requests. For one thread, that of its poller.
class Bus final : public Driven {
 public:
  struct Settings {
    std::string host = "127.0.0.1";  // numeric
    std::uint16_t port = 0;          // 0: a free one
    bool listening = true;           // else come_up() begins
    Grammar grammar = Grammar::strict;
    double rate = 0;         // answers a second, if not 0; the others wait
    SSL_CTX* tls = nullptr;  // of a server, to speak TLS; outlives the bus
  };

  // `poller` and `script` (may be null) must outlive it. Throws std::system_error.
  Bus(Poller& poller, const Settings& settings, BusScript* script);
  ~Bus() override;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] TimePoint next_due(TimePoint now) override;
  void advance(TimePoint now) override;

  // Reads and answers nothing until release().
  void hold() noexcept { held_ = true; }
  void release();
  // Refuses connections and resets those there are; the port stays reserved.
  void go_down();
  void come_up();
  // From now on reads at most so many bytes of a connection each 10 ms; 0: without a limit.
  void read_slowly(std::size_t bytes) noexcept { read_size_ = bytes; }

  // Requests answered so far. For any thread.
  [[nodiscard]] std::uint64_t answered() const noexcept {
    return answered_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }  // ever

 private:
  class Listener;
  class Connection;

  void accept();
  [[nodiscard]] TimePoint due(const Action& action, TimePoint arrived);

  Poller& poller_;
  BusScript* const script_;
  const Grammar grammar_;
  const std::chrono::nanoseconds interval_;  // between two answers; 0: none
  SSL_CTX* const tls_;                       // null: plain text
  std::uint16_t port_ = 0;
  std::unique_ptr<Listener> listener_;
  bool listening_ = false;
  bool held_ = false;
  std::size_t read_size_ = 0;
  TimePoint next_read_;
  TimePoint last_due_;  // of the answers a rate spaces
  std::uint64_t requests_ = 0;
  std::atomic<std::uint64_t> answered_{0};
  std::vector<std::unique_ptr<Connection>> connections_;  // by number; null once closed
  std::size_t waiting_ = 0;                               // connections that owe answers
  std::vector<std::size_t> closed_;                       // in this turn
};

}  // namespace gateway::test
