#include "demo/demo_eventbus.hpp"

#include <string_view>

namespace gateway::demo {
namespace {

test::Action bad_request() {
  return test::reply(400, {{"Connection", "close"}}).then_close();
}

test::Action handshake(const test::MessageView& request) {
  test::Headers headers{{"Allow", "POST, OPTIONS"}};
  const std::string_view origin = request.fields["WebHook-Request-Origin"];
  if (!origin.empty()) headers.add("WebHook-Allowed-Origin", origin);
  if (!request.fields["WebHook-Request-Rate"].empty()) headers.add("WebHook-Allowed-Rate", "*");
  return test::reply(200, headers);
}

}  // namespace

test::Bus::Settings DemoEventbus::settings() {
  test::Bus::Settings settings;
  settings.grammar = test::Grammar::lenient;
  return settings;
}

test::Action DemoEventbus::request(const test::MessageView& request, const test::Place&) {
  if (request.method == "OPTIONS") return handshake(request);
  const auto received = test::read_events(request);
  if (!received) return bad_request();
  if (refuse_every_ != 0 && ++events_ % refuse_every_ == 0) {
    return test::reply(422, {}, "refused, as the demonstration asks");
  }
  on_events_(request, *received, std::chrono::steady_clock::now());
  return test::reply(200);
}

test::Action DemoEventbus::malformed(const test::ProtocolError&) {
  return bad_request();
}

}  // namespace gateway::demo
