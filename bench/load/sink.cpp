#include "load/sink.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>

#include "testkit/certificate_authority.hpp"

namespace gateway::load {
namespace {

// Returns the number of events in the body of a batch, of which each has this member once: inside a
// string its quotes would be escaped.
std::uint64_t events_in(std::string_view body) {
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

}  // namespace

AnswerPlan::AnswerPlan(SinkSettings settings)
    : settings_(std::move(settings)),
      plain_(settings_.latency.most.count() == 0 && settings_.fail_share <= 0 &&
             settings_.cut_share <= 0),
      random_(settings_.seed) {}

test::Action AnswerPlan::next() {
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

Sink::Sink(test::Poller& poller, const SinkSettings& settings)
    : plan_(settings),
      check_ids_(settings.check_ids),
      batches_(settings.batches),
      scripted_(check_ids_ || batches_ || !plan_.plain()),
      tls_(settings.tls ? test::make_server_context(test::self_signed("127.0.0.1")) : nullptr),
      // Other gateways are measured as well.
      bus_(poller, {.grammar = test::Grammar::lenient, .tls = tls_.get()},
           scripted_ ? this : nullptr) {}

test::Action Sink::request(const test::MessageView& request, const test::Place& /*place*/) {
  test::Action action = plan_.next();
  if (action.status / 100 != 2) return action;
  const bool batch = request.fields["Content-Type"].starts_with("application/cloudevents-batch");
  taken_ += batches_ && batch ? events_in(request.body) : 1;
  const std::string_view id = check_ids_ ? request.fields["ce-id"] : std::string_view();
  if (!id.empty()) ids_.push_back(std::hash<std::string_view>()(id));
  return action;
}

test::Action Sink::malformed(const test::ProtocolError& /*error*/) {
  return test::reset_unanswered();
}

std::uint64_t Sink::taken() {
  if (!scripted_) return bus_.answered();
  std::ranges::sort(ids_);
  const auto again = std::ranges::unique(ids_);
  taken_ -= again.size();
  ids_.erase(again.begin(), again.end());
  return taken_;
}

}  // namespace gateway::load
