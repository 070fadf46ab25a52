#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "simulation/socket.hpp"

namespace gateway::simulation {

// The eventbus of a world, behind one address or several: takes events, refuses them, answers late,
// oddly or never, cuts connections and goes away, as its manners say.
class Eventbus {
 public:
  // In a thousand requests, each tried in this order; the rest is accepted.
  struct Manners {
    unsigned refuses = 0;        // 400
    unsigned fails = 0;          // 503, 500 or 429, some with Retry-After
    unsigned cuts_unread = 0;    // without taking it
    unsigned cuts_taken = 0;     // having taken it, with half an answer or none
    unsigned stays_silent = 0;   // takes it and never answers
    unsigned answers_oddly = 0;  // not HTTP
    unsigned ends_after = 0;     // "Connection: close"
    unsigned fails_early = 0;    // 503 when it has the head, and reads nothing more
    std::size_t most_body = 0;   // a longer one is refused with 413; 0: none is
    std::chrono::milliseconds slowest{0};
    std::size_t most_written = 0;  // at once; 0: all
  };

  Eventbus(Schedule& schedule, Random& random, Oracle& oracle,
           const std::vector<std::uint32_t>& hosts);
  Eventbus(const Eventbus&) = delete;
  Eventbus& operator=(const Eventbus&) = delete;

  static constexpr std::uint16_t kPort = 8080;
  void behave(const Manners& manners) { manners_ = manners; }
  void go_down();
  void come_up();
  // One of its hosts refuses connections, or takes them again.
  void refuse(std::size_t host);
  void listen(std::size_t host);
  // Reads, answers and writes what it can now. Returns whether it did anything.
  bool step();

  std::uint64_t requests = 0;
  std::uint64_t oddities = 0;  // answers and ends that were not an acknowledgement

 private:
  struct Connection {
    Socket socket;
    std::string in;
    std::string out;
    unsigned number = 0;
    Instant last_due{};  // of the answers that are planned
    unsigned owed = 0;   // so many of them
    std::size_t host = 0;
    bool silent = false;  // answers nothing more
    bool closes = false;  // once all is written
    bool cuts = false;    // at once
  };

  bool step(Connection& connection);
  [[nodiscard]] bool take_request(Connection& connection);
  void fail_early(Connection& connection);
  void answer(Connection& connection, std::string_view request);
  void plan(Connection& connection, std::string bytes, bool then_cut);
  [[nodiscard]] Connection* find(unsigned number);

  Schedule& schedule_;
  Random& random_;
  Oracle& oracle_;
  Manners manners_;
  std::vector<Listener> listeners_;  // one a host
  std::list<Connection> connections_;
  unsigned numbers_ = 0;
};

}  // namespace gateway::simulation
