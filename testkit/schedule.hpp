#pragma once
#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::test {

// What a FaultBus does about one request.
class Fault {
 public:
  enum class Kind {
    answer,  // with `status`
    stall,   // never; the connection stays open
    cut,     // takes the event, ends the connection instead of answering
    reset,   // the same by RST
    // A second answer nobody asked for, then the end. It is a 500: were it a 2xx, a client with
    // more requests in flight could not but take it for the acknowledgement of the next one.
    surplus,
    half,        // takes the event, sends half a status line and ends
    garbage,     // takes the event, sends what is no HTTP and ends
    close_early  // ends the connection as soon as it is accepted; never chosen for a request
  };
  Kind kind = Kind::answer;
  unsigned status = 200;
  bool retry_after = false;  // with that header, spelled in any way, right or wrong

  friend bool operator==(const Fault&, const Fault&) = default;
};

// One stretch of a schedule.
class Phase {
 public:
  struct Share {
    Fault fault;
    unsigned weight = 0;
  };

  Phase() = default;

  // Whether a connection just accepted is ended at once.
  [[nodiscard]] bool close_early(std::mt19937_64& random) const;
  [[nodiscard]] Fault choose(std::mt19937_64& random) const;
  [[nodiscard]] std::chrono::milliseconds latency(std::mt19937_64& random) const;

  std::string text;                                   // as written
  std::optional<std::chrono::milliseconds> duration;  // without: for ever
  bool down = false;                                  // connections are refused
  std::vector<Share> shares;                          // without any: all is well
  std::chrono::milliseconds least_latency{0};         // from arrival to answer
  std::chrono::milliseconds most_latency{0};
  std::size_t read_size = 0;  // above 0: reads at most so many bytes every 10 ms
};

// Phases one after the other; the last one lasts. Plain values.
class Schedule {
 public:
  Schedule() = default;  // healthy for ever

  // See kScheduleHelp. The error says what is wrong, and where.
  [[nodiscard]] static boost::system::result<Schedule, std::string> parse(std::string_view text);

  [[nodiscard]] const Phase& at(std::chrono::steady_clock::duration elapsed) const;
  [[nodiscard]] const std::vector<Phase>& phases() const noexcept { return phases_; }

 private:
  std::vector<Phase> phases_{Phase()};
};

// How a schedule is written, for --help.
extern const char* const kScheduleHelp;

// A Retry-After value, in one of the spellings servers use and abuse. `now`: wall clock.
[[nodiscard]] std::string retry_after_text(std::mt19937_64& random, std::chrono::sys_seconds now);

}  // namespace gateway::test
