#include "gateway/config/checks.hpp"

#include <algorithm>
#include <utility>

#include "events/ascii.hpp"
#include "events/event_attributes.hpp"
#include "gateway/config/buckets.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/formats.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/config/proxy_url.hpp"

namespace gateway::config {
namespace {

void check_target(const Settings& settings, Report& report) {
  if (settings.target.empty()) {
    report.require(false, "target", "required: where events go, as host:port or URL");
    report.require(!settings.eventbus.empty(), "eventbus", "required");
    return;
  }
  if (report.bad("target") || report.bad("eventbus")) return;
  const auto endpoint =
      parse_endpoint(settings.target, settings.eventbus, settings.delivery.profile);
  if (!endpoint) {
    const bool eventbus = endpoint.error().reason() == BadAddress::Reason::eventbus;
    auto message = endpoint.error().message();
    // With an '@' it may hold a password.
    if (!eventbus && settings.target.find('@') == std::string::npos) {
      message += ", got " + quote(redacted_target(settings.target));
    }
    report.problem_with(eventbus ? "eventbus" : "target", std::move(message));
    return;
  }
  if (settings.delivery.profile == Profile::knative && !has_path(settings.target)) {
    report.warning_about("target",
                         "has no path, so events go to /, where channels and services are; a "
                         "broker is at http://<ingress>/<namespace>/<broker>, as `kubectl get "
                         "broker` shows");
  }
  const auto& tls = settings.delivery.tls;
  if (!endpoint->tls && tls.any()) {
    report.warning_about("delivery.tls", "has no effect, as target is not an https URL");
  }
  if (endpoint->tls && !tls.verify) {
    report.warning_about("delivery.tls.verify",
                         "false: the eventbus is not authenticated, anyone on the way can read and "
                         "change events");
  }
}

// function.name is the `source` of every event, with or without provisioning.
void check_source(const Settings& settings, Report& report) {
  if (report.bad("function.name")) return;
  if (!events::is_attribute_text(settings.source())) {
    report.problem_with("function.name",
                        "holds a character that a CloudEvents attribute may not have");
  } else if (!events::is_uri_reference(settings.source())) {
    report.warning_about("function.name",
                         "is the source of every event, and no URI reference as CloudEvents wants "
                         "it: receivers may refuse the events; use letters, digits, - and _");
  }
}

// A token travels as `Authorization: Bearer <token>` or is the key of signatures.
void check_token(const Secret& token, const std::string& key, Report& report) {
  // 16 random letters and digits cannot be guessed by trying.
  constexpr std::size_t kLeast = 16;
  // Leaves room for the rest of a request's head (http::kMaxHead).
  constexpr std::size_t kMost = std::size_t{8} << 10;
  const std::string& text = token.reveal();
  if (text.empty() || report.bad(key)) return;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  if (is_blank(text.front()) || is_blank(text.back())) {
    report.problem_with(key,
                        "begins or ends with a blank or a line end, which no header field keeps");
  } else if (text.size() > kMost) {
    report.problem_with(key,
                        "has {} characters, more than the {} a header field may "
                        "have here",
                        text.size(), kMost);
  } else if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c > '~'; })) {
    report.warning_about(key,
                         "holds blanks, control characters or letters beyond ASCII: good for "
                         "signatures, but no bearer token");
  }
  if (text.size() < kLeast) {
    report.warning_about(key,
                         "has {} characters: whoever sees a signed post can guess it; use at least "
                         "{} random ones, such as `openssl rand -hex 32` prints",
                         text.size(), kLeast);
  }
}

void check_ingress(const Settings& settings, Report& report) {
  const auto& ingress = settings.ingress;
  check_token(ingress.token, "gateway.token", report);
  check_token(ingress.previous_token, "gateway.previous_token", report);
  if (!ingress.tls.cert.empty() && ingress.public_url.starts_with("http://")) {
    report.warning_about("gateway.public_url",
                         "is an http URL, and with gateway.tls the gateway takes TLS only");
  }
  const auto any = [](const HostPort& address) {
    return address.host == "::" || address.host == "0.0.0.0";
  };
  const auto& [listen, admin] = std::pair(ingress.listen, ingress.admin);
  if (listen.port != 0 && listen.port == admin.port &&
      (listen.host == admin.host || any(listen) || any(admin))) {
    report.problem_with("gateway.admin", "port {} is gateway.listen's already", admin.port);
  }
  const bool has_key = !ingress.token.empty() || !settings.credentials.secret_key.empty();
  if (has_key || report.bad("gateway.token") || report.bad("secret_key")) return;
  if (ingress.auth == Auth::automatic &&
      (!settings.function.provision || settings.pod_identity || settings.instance_role)) {
    report.warning_about("gateway.auth",
                         "auto without gateway.token and secret_key is none: whoever reaches "
                         "gateway.listen can send events");
  }
}

// Warns if the relay sends to the target itself: it does not know `key`.
void check_relay_knows(const Settings& settings, const std::string& key, Report& report) {
  if (!settings.function.provision || !settings.ingress.public_url.empty()) return;
  report.warning_about(key,
                       "is not for the events that the function sends to the target by itself, as "
                       "gateway.public_url is empty");
}

void check_proxy(const Settings& settings, Report& report) {
  const Delivery& delivery = settings.delivery;
  if (delivery.proxy.empty() || delivery.proxy.reveal() == kNoProxy) return;
  if (const auto proxy = parse_proxy(delivery.proxy.reveal()); !proxy) {
    report.problem_with("delivery.proxy", proxy.error().message());
  }
  check_relay_knows(settings, "delivery.proxy", report);
}

void check_oauth2(const Settings& settings, Report& report) {
  const Delivery& delivery = settings.delivery;
  const OAuth2& oauth2 = delivery.oauth2;
  if (oauth2.token_url.empty()) return;
  check_relay_knows(settings, "delivery.oauth2.token_url", report);
  if (const auto url = parse_http_url(oauth2.token_url); url && !url->tls) {
    report.warning_about(
        "delivery.oauth2.token_url",
        "is an http URL: whoever listens on the way has the secret and the tokens");
  }
  const auto is_authorization = [](const auto& header) {
    return lower_case(header.first) == "authorization";
  };
  if (std::ranges::any_of(delivery.headers, is_authorization)) {
    report.problem_with(
        "delivery.headers",
        "holds an Authorization, which delivery.oauth2 sets; leave one of them out");
  }
}

}  // namespace

bool uses_code_object(const Settings& settings) {
  return settings.function.provision && settings.function.code.has_value();
}

void check(const Settings& settings, Report& report) {
  check_target(settings, report);
  check_buckets(settings, report);
  if (settings.function.provision && !report.bad("function.provision")) {
    check_provisioning(settings, report);
  }
  check_source(settings, report);
  check_ingress(settings, report);
  check_proxy(settings, report);
  check_oauth2(settings, report);
}

}  // namespace gateway::config
