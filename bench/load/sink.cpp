#include "load/sink.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>

#include "testkit/certificate_authority.hpp"

namespace gateway::load {
namespace {

test::Bus::Settings lenient(SSL_CTX* tls) {
  test::Bus::Settings settings;
  settings.tls = tls;
  settings.grammar = test::Grammar::lenient;  // other gateways are measured as well
  return settings;
}

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

Sink::Sink(test::Poller& poller, const SinkSettings& settings)
    : plan_(settings),
      check_ids_(settings.check_ids),
      batches_(settings.batches),
      scripted_(check_ids_ || batches_ || !plan_.plain()),
      tls_(settings.tls ? test::make_server_context(test::self_signed("127.0.0.1")) : nullptr),
      bus_(poller, lenient(tls_.get()), scripted_ ? this : nullptr) {}

test::Action Sink::request(const test::MessageView& request, const test::Place& /*place*/) {
  const AnswerPlan::Decision decision = plan_.next();
  ++totals_.requests;
  if (decision.cut) return test::close_unanswered();
  if (decision.status / 100 == 2) {
    const bool batch = request.fields["Content-Type"].starts_with("application/cloudevents-batch");
    totals_.taken += batches_ && batch ? events_in(request.body) : 1;
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
