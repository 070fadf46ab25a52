#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

#include "testkit/bus.hpp"
#include "testkit/random.hpp"
#include "testkit/tls_channel.hpp"

namespace gateway::load {

// From request to answer; drawn evenly.
struct Latency {
  std::chrono::nanoseconds least{0};
  std::chrono::nanoseconds most{0};
};

// How the eventbus of a run behaves.
struct SinkSettings {
  Latency latency;
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
  explicit AnswerPlan(SinkSettings settings);
  // Returns whether every request is answered 200 at once.
  [[nodiscard]] bool plain() const noexcept { return plain_; }
  [[nodiscard]] test::Action next();

 private:
  SinkSettings settings_;
  bool plain_;
  test::Random random_;
};

// The eventbus of a run: a bus that counts events and answers by plan. It has no script of its own
// if all requests are to be answered 200 at once. One request is then one event, as in the binary
// and the structured mode.
class Sink final : private test::BusScript {
 public:
  // Starts to listen. `poller` must outlive it. Throws std::system_error.
  Sink(test::Poller& poller, const SinkSettings& settings);

  [[nodiscard]] std::uint16_t port() const noexcept { return bus_.port(); }
  [[nodiscard]] test::Bus& bus() noexcept { return bus_; }
  // Returns the number of events of requests to be answered 2xx; a cut may keep the answer from
  // leaving. With check_ids an event that came again is not counted again.
  [[nodiscard]] std::uint64_t taken();

 private:
  test::Action request(const test::MessageView& request, const test::Place& place) override;
  test::Action malformed(const test::ProtocolError& error) override;

  AnswerPlan plan_;
  const bool check_ids_;
  const bool batches_;
  const bool scripted_;
  const test::SslContext tls_;  // null: plain text
  test::Bus bus_;
  std::uint64_t taken_ = 0;         // where the bus has a script
  std::vector<std::uint64_t> ids_;  // hashes of those taken that have one
};

}  // namespace gateway::load
