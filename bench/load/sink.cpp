#include "load/sink.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace gateway::load {
namespace {

test::Bus::Settings lenient() {
  test::Bus::Settings settings;
  settings.grammar = test::Grammar::lenient;  // other gateways are measured as well
  return settings;
}

}  // namespace

Sink::Sink(test::Poller& poller, const SinkSettings& settings)
    : plan_(settings),
      check_ids_(settings.check_ids),
      scripted_(check_ids_ || !plan_.plain()),
      bus_(poller, lenient(), scripted_ ? this : nullptr) {}

test::Action Sink::request(const test::MessageView& request, const test::Place& /*place*/) {
  const AnswerPlan::Decision decision = plan_.next();
  ++totals_.requests;
  if (decision.cut) return test::close_unanswered();
  if (decision.status / 100 == 2) {
    ++totals_.taken;
    const std::string_view id = check_ids_ ? request.fields["ce-id"] : std::string_view();
    if (id.empty()) {
      ++totals_.without_id;
    } else {
      ids_.push_back(std::hash<std::string_view>()(id));
    }
  }
  test::Action action = test::reply(decision.status);
  action.delay = decision.latency;
  return action;
}

test::Action Sink::malformed(const test::ProtocolError& /*error*/) {
  return test::reset_unanswered();
}

SinkTotals Sink::totals() const noexcept {
  SinkTotals totals = totals_;
  if (!scripted_) totals.requests = totals.taken = bus_.answered();
  totals.connections = bus_.connections();
  return totals;
}

std::uint64_t Sink::distinct() {
  if (!check_ids_) return totals().taken;
  std::ranges::sort(ids_);
  ids_.erase(std::ranges::unique(ids_).begin(), ids_.end());
  return totals_.without_id + ids_.size();
}

}  // namespace gateway::load
