#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "simulation/socket.hpp"

namespace gateway::simulation {

// A client of a world with one post on a connection of its own: sends it in pieces, half of it,
// closes early, reads slowly, as its manners say.
class Client {
 public:
  struct Manners {
    std::size_t most_written = 0;  // at once; 0: all
    bool leaves = false;           // resets the connection some time after it has sent the post
    bool sends_half = false;
    bool half_closes = false;  // ends its side after the post
    std::chrono::milliseconds leaves_after{0};
  };

  // `fields`: of the post's head, each with its end of line.
  Client(Schedule& schedule, Random random, Oracle& oracle, std::uint16_t port, Oracle::Post post,
         std::string_view fields, std::string_view body, const Manners& manners);

  // Sends and reads what it can now. Returns whether it did anything.
  bool step();
  // It has its answer or waits for none.
  [[nodiscard]] bool done() const noexcept { return !socket_.open(); }
  // Its whole post has arrived and it stays for the answer.
  [[nodiscard]] bool waits() const noexcept { return !done() && arrived_ && !manners_.leaves; }
  [[nodiscard]] Instant arrived_at() const noexcept { return arrived_at_; }
  [[nodiscard]] bool refused_connection() const noexcept { return refused_; }

 private:
  bool send();
  void note_arrival();
  // Returns whether the answer is complete.
  [[nodiscard]] bool take_answer();

  Schedule& schedule_;
  Random random_;
  Oracle& oracle_;
  Socket socket_;
  const Oracle::Post post_;
  std::string out_;
  std::string in_;
  const Manners manners_;
  Instant begun_;
  Instant arrived_at_{};
  bool arrived_ = false;  // the post
  bool refused_ = false;
};

}  // namespace gateway::simulation
