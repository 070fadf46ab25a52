#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "simulation/socket.hpp"

namespace gateway::simulation {

// The eventbus of a target, behind one address or several: takes events, refuses them, answers
// early, late, oddly or never, cuts connections and goes away, as its manners say.
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
    unsigned takes_early = 0;    // 200 when it has the head, and reads the rest when it comes
    unsigned culprits = 0;  // the status of requests with a record that is one; 0: they are taken
    std::size_t most_body = 0;  // a longer one is refused with 413; 0: none is
    std::chrono::milliseconds slowest{0};
    std::size_t most_written = 0;  // at once; 0: all
  };

  Eventbus(Schedule& schedule, std::uint64_t seed, Oracle& oracle, std::size_t target,
           const std::vector<std::uint32_t>& hosts);
  Eventbus(const Eventbus&) = delete;
  Eventbus& operator=(const Eventbus&) = delete;

  static constexpr std::uint16_t kPort = 8080;
  // In the key of a record: what batches may be refused for.
  static constexpr std::string_view kCulprit = "culprit";
  void behave(const Manners& manners) { manners_ = manners; }
  void go_down();
  void come_up();
  // One of its hosts refuses connections, or takes them again.
  void refuse(std::size_t host);
  void listen(std::size_t host);
  // One of its hosts takes connections and requests and answers nothing, or answers again those of
  // new connections.
  void hang(std::size_t host, bool hangs);
  // Reads, answers and writes what it can now. Returns whether it did anything.
  bool step();

  std::uint64_t requests = 0;
  std::uint64_t oddities = 0;  // answers and ends that were not an acknowledgement
  std::uint64_t early = 0;     // acknowledgements of requests that had not come yet
  std::uint64_t batches_refused = 0;

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
    // How much of a request that was taken early is to leave the gateway, and what has left.
    std::size_t taken_early = 0;
    std::string before_left;
    std::shared_ptr<const std::string> left;
  };

  bool step(Connection& connection);
  [[nodiscard]] bool take_request(Connection& connection);
  void fail_early(Connection& connection);
  void take_early(Connection& connection, std::size_t size);
  void look_at_early(Connection& connection);
  void answer(Connection& connection, std::string_view request);
  void refuse(Connection& connection, std::string_view request, unsigned status);
  void plan(Connection& connection, std::string bytes, bool then_cut);
  [[nodiscard]] Connection* find(unsigned number);

  Schedule& schedule_;
  Random random_;
  Oracle& oracle_;
  const std::size_t target_;
  Manners manners_;
  std::set<std::size_t> hung_;       // hosts
  std::vector<Listener> listeners_;  // one a host
  std::list<Connection> connections_;
  unsigned numbers_ = 0;
};

}  // namespace gateway::simulation
