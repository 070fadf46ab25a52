#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/answer_plan.hpp"
#include "load/poller.hpp"
#include "load/request_scanner.hpp"

namespace gateway::load {

// What an eventbus has seen.
struct SinkTotals {
  std::uint64_t requests = 0;
  std::uint64_t taken = 0;  // of them, to be answered 2xx; a cut may keep the answer from leaving
  std::uint64_t without_id = 0;   // of those taken, no CloudEvents in binary mode
  std::uint64_t connections = 0;  // ever
};

// The eventbus of a run, on 127.0.0.1 at a free port: counts requests, answers all that a read has
// brought with one write, and delays, fails and cuts as it is told. One request is one event, which
// is so for the binary and the structured mode. Driven by a poller; for one thread.
class Sink {
 public:
  using TimePoint = Poller::TimePoint;

  // Listens at once; `poller` must outlive it. Throws std::system_error.
  Sink(Poller& poller, const SinkSettings& settings);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // Sends the answers that are due; to be called after each turn of the poller.
  void advance(TimePoint now);
  // When advance() is needed even if the poller has nothing to say.
  [[nodiscard]] TimePoint next_due(TimePoint now);
  [[nodiscard]] const SinkTotals& totals() const noexcept { return totals_; }
  // Events taken, each counted once; without check_ids all requests taken.
  [[nodiscard]] std::uint64_t distinct();

 private:
  class Listener;
  class Connection;

  void accept();
  // `status` 0: none was given.
  void count(const ScannedRequest& request, unsigned status);

  Poller& poller_;
  bool check_ids_;
  AnswerPlan plan_;
  std::unique_ptr<Listener> listener_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool some_closed_ = false;
  SinkTotals totals_;
  std::vector<std::uint64_t> ids_;  // hashes of those taken
};

}  // namespace gateway::load
