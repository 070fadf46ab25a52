#pragma once
#include <cstdint>
#include <vector>

#include "load/answer_plan.hpp"
#include "testkit/bus.hpp"
#include "testkit/tls_channel.hpp"

namespace gateway::load {

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
