#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

#include "testkit/bus.hpp"
#include "testkit/random.hpp"
#include "testkit/tls_channel.hpp"

namespace gateway::load {

// How the eventbus of a run behaves.
struct SinkSettings {
  std::chrono::nanoseconds least_latency{0};  // from request to answer, drawn evenly
  std::chrono::nanoseconds most_latency{0};
  double fail_share = 0;  // of requests answered with one of fail_statuses
  std::vector<unsigned> fail_statuses{503};
  double cut_share = 0;    // of requests at which the connection is cut instead
  bool check_ids = false;  // remember every ce-id, to tell events that came twice
  bool batches = false;    // requests are batches of events, or may be
  bool tls = false;
  std::uint64_t seed = 1;
};

// Decides how each request is answered. No clock, no socket.
class AnswerPlan {
 public:
  struct Decision {
    unsigned status = 200;
    std::chrono::nanoseconds latency{0};
    bool cut = false;
  };

  explicit AnswerPlan(SinkSettings settings);
  // Returns whether every request is answered 200 at once.
  [[nodiscard]] bool plain() const noexcept { return plain_; }
  [[nodiscard]] Decision next();

 private:
  SinkSettings settings_;
  bool plain_;
  test::Random random_;
};

// The counters of an eventbus.
struct SinkTotals {
  std::uint64_t requests = 0;
  // Events of those to be answered 2xx; a cut may keep the answer from leaving.
  std::uint64_t taken = 0;
  std::uint64_t without_id = 0;   // of those taken, no CloudEvents in binary mode; if ids are kept
  std::uint64_t connections = 0;  // ever
};

// The eventbus of a run: a bus that counts requests and answers by plan. It has no script of its
// own if all requests are to be answered 200 at once. One request is then one event, as in the
// binary and the structured mode.
class Sink final : private test::BusScript {
 public:
  // Starts to listen. `poller` must outlive it. Throws std::system_error.
  Sink(test::Poller& poller, const SinkSettings& settings);

  [[nodiscard]] std::uint16_t port() const noexcept { return bus_.port(); }
  [[nodiscard]] test::Bus& bus() noexcept { return bus_; }
  [[nodiscard]] SinkTotals totals() const noexcept;
  // Returns the number of different events taken; without check_ids the number of events taken.
  [[nodiscard]] std::uint64_t distinct();

 private:
  test::Action request(const test::MessageView& request, const test::Place& place) override;
  test::Action malformed(const test::ProtocolError& error) override;

  AnswerPlan plan_;
  const bool check_ids_;
  const bool batches_;
  const bool scripted_;
  const test::SslContext tls_;  // null: plain text
  test::Bus bus_;
  SinkTotals totals_;               // where the bus has a script
  std::vector<std::uint64_t> ids_;  // hashes of those taken
};

}  // namespace gateway::load
