#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "simulation/socket.hpp"

namespace gateway::simulation {

// A client of a world with posts on a connection of its own: sends one after the other or all at
// once, in pieces, half of the last, closes early, as its manners say. Every post is answered once,
// in order, and nothing else is said to it.
class Client {
 public:
  struct Manners {
    std::size_t most_written = 0;  // at once; 0: all
    bool pipelines = false;        // does not wait for the answer before it sends the next post
    bool leaves = false;           // resets the connection some time after it has sent a post
    bool sends_half = false;       // of the last post
    bool half_closes = false;      // ends its side after the posts
    std::chrono::milliseconds leaves_after{0};
  };
  // How a post's body is announced.
  enum class Body : std::uint8_t { length, chunks, after_leave };
  struct Request {
    Oracle::Post post;
    std::string text;
  };

  // `fields`: of the post's head, each with its end of line.
  [[nodiscard]] static std::string text_of(std::string_view fields, std::string_view body,
                                           Body how);

  // `requests`: at least one.
  Client(Schedule& schedule, Random random, Oracle& oracle, std::uint16_t port,
         std::vector<Request> requests, const Manners& manners);

  // Sends and reads what it can now. Returns whether it did anything.
  bool step();
  // It has its answers, or waits for none.
  [[nodiscard]] bool done() const noexcept { return !socket_.open(); }
  // All that it has begun to send has arrived and it stays for the answers.
  [[nodiscard]] bool waits() const noexcept {
    return !done() && arrived_ && !manners_.leaves && answered_ < begun_;
  }
  [[nodiscard]] Instant arrived_at() const noexcept { return arrived_at_; }

 private:
  void begin_next();
  bool send();
  void note_arrival();
  // Returns whether there was one, all of it.
  [[nodiscard]] bool take_answer();

  Schedule& schedule_;
  Random random_;
  Oracle& oracle_;
  Socket socket_;
  const std::vector<Request> requests_;
  std::size_t begun_ = 0;     // of these to be sent
  std::size_t answered_ = 0;  // of these
  std::string out_;
  std::string in_;
  const Manners manners_;
  const Instant came_;
  Instant asked_at_{};
  Instant arrived_at_{};
  std::optional<Instant> stays_until_;  // it has all its answers
  bool arrived_ = false;                // what was begun
};

}  // namespace gateway::simulation
