#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/histogram.hpp"
#include "testkit/http_text.hpp"
#include "testkit/loop_thread.hpp"
#include "testkit/stream.hpp"

namespace gateway::soak {

// How a client misbehaves.
enum class Habit : std::uint8_t {
  post,    // posts at a given rate, on whichever connection is free; no harm but in numbers
  hold,    // posts once, reads the answer and stays
  drip,    // sends its post a byte at a time
  silent,  // connects and says nothing
  deaf,    // posts once and never reads
  flood,   // posts without end and never reads
  reset    // posts or half posts, and cuts the connection with RST; again and again
};

// Runs many clients that misbehave in one way, in a thread of their own ("attack").
class Swarm final : private test::Driven {
 public:
  struct Settings {
    std::uint16_t port = 0;  // of the gateway, on 127.0.0.1
    Habit habit = Habit::post;
    unsigned connections = 100;
    double connect_rate = 0;  // connections a second; 0: as fast as can be
    unsigned sources = 1;     // addresses they come from: 127.0.0.2 and so on
    std::string post;         // what is sent; what dripping begins after its `drip_from`
    std::size_t drip_from = 0;
    std::chrono::milliseconds pause{1000};  // between two bytes that drip
    double rate = 0;                        // posts a second, of `post` and `reset`
  };
  // Starts the clients. Throws std::system_error if there are too few descriptors.
  explicit Swarm(const Settings& settings);
  ~Swarm() override;

  // Closes all connections. Throws the error that ended the thread early, if any.
  void stop();

  // What has been counted so far. For any thread.
  using Count = std::atomic<std::uint64_t>;
  struct Counts {
    Count opened{0};     // connections
    Count offered{0};    // posts begun
    Count bytes{0};      // sent
    Count good{0};       // answers of 2xx
    Count refused{0};    // answers of 503
    Count timed_out{0};  // answers of 408
    Count other{0};
    Count ended{0};             // connections that the gateway closed
    Count ended_unanswered{0};  // those of them that had received no answer
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  // Returns a quantile of the time from the last byte of a post to its complete 503 answer; 0
  // without any. To be called after stop().
  [[nodiscard]] double refusal_ms(double quantile) const;

 private:
  class Client;

  TimePoint next_due(TimePoint now) override;
  void advance(TimePoint now) override;
  void open(Client& client);
  void on_connected(Client& client);
  void write(Client& client, std::size_t most);
  // Returns false if the gateway has closed the connection.
  [[nodiscard]] bool read(Client& client);
  void take_answer(Client& client, unsigned status);
  void end(Client& client);
  void close(Client& client, bool with_reset);
  [[nodiscard]] bool reads() const noexcept;

  const Settings settings_;
  const test::Address gateway_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> free_;
  std::size_t next_to_open_ = 0;
  TimePoint last_;
  double may_open_ = 0;
  double may_post_ = 0;
  test::Histogram refusals_;
  Counts counts_;
  test::LoopThread loop_{"attack"};
};

}  // namespace gateway::soak
