#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "testkit/bus.hpp"
#include "testkit/certificate_authority.hpp"
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
  explicit AnswerPlan(SinkSettings settings)
      : settings_(std::move(settings)),
        plain_(settings_.latency.most.count() == 0 && settings_.fail_share <= 0 &&
               settings_.cut_share <= 0),
        random_(settings_.seed) {}
  // Returns whether every request is answered 200 at once.
  [[nodiscard]] bool plain() const noexcept { return plain_; }
  [[nodiscard]] test::Action next() {
    const auto [least, most] = settings_.latency;
    std::chrono::nanoseconds latency = least;
    if (least != most) {
      const auto spread = static_cast<std::uint64_t>((most - least).count());
      latency += std::chrono::nanoseconds(static_cast<std::int64_t>(random_.below(spread + 1)));
    }
    if (settings_.cut_share > 0 && random_.unit() < settings_.cut_share) {
      return test::close_unanswered();
    }
    const bool fails = settings_.fail_share > 0 && random_.unit() < settings_.fail_share;
    test::Action action = test::reply(
        fails ? settings_.fail_statuses[random_.below(settings_.fail_statuses.size())] : 200);
    action.delay = latency;
    return action;
  }

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
  Sink(test::Poller& poller, const SinkSettings& settings)
      : plan_(settings),
        check_ids_(settings.check_ids),
        batches_(settings.batches),
        scripted_(check_ids_ || batches_ || !plan_.plain()),
        tls_(settings.tls ? test::make_server_context(test::self_signed("127.0.0.1")) : nullptr),
        // Other gateways are measured as well.
        bus_(poller, {.grammar = test::Grammar::lenient, .tls = tls_.get()},
             scripted_ ? this : nullptr) {}

  [[nodiscard]] std::uint16_t port() const noexcept { return bus_.port(); }
  [[nodiscard]] test::Bus& bus() noexcept { return bus_; }
  // Returns the number of events of requests to be answered 2xx; a cut may keep the answer from
  // leaving. With check_ids an event that came again is not counted again.
  [[nodiscard]] std::uint64_t taken() {
    if (!scripted_) return bus_.answered();
    std::ranges::sort(ids_);
    const auto again = std::ranges::unique(ids_);
    taken_ -= again.size();
    ids_.erase(again.begin(), again.end());
    return taken_;
  }

 private:
  // Returns the number of events in the body of a batch, of which each has this member once: inside
  // a string its quotes would be escaped.
  static std::uint64_t events_in(std::string_view body) {
    constexpr std::string_view kMember = "\"specversion\":\"1.0\"";
    std::uint64_t count = 0;
    const char* at = body.data();
    const char* const end = at + body.size();
    while (const void* const found =
               ::memmem(at, static_cast<std::size_t>(end - at), kMember.data(), kMember.size())) {
      ++count;
      at = static_cast<const char*>(found) + kMember.size();
    }
    return count;
  }
  test::Action request(const test::MessageView& request, const test::Place& /*place*/) override {
    test::Action action = plan_.next();
    if (action.status / 100 != 2) return action;
    const bool batch = request.fields["Content-Type"].starts_with("application/cloudevents-batch");
    taken_ += batches_ && batch ? events_in(request.body) : 1;
    const std::string_view id = check_ids_ ? request.fields["ce-id"] : std::string_view();
    if (!id.empty()) ids_.push_back(std::hash<std::string_view>()(id));
    return action;
  }
  test::Action malformed(const test::ProtocolError& /*error*/) override {
    return test::reset_unanswered();
  }

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
