#include "gateway/checkup/eventbus_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/egress/address/address_book.hpp"
#include "gateway/egress/address/harmless_request.hpp"
#include "gateway/observe/figures.hpp"
#include "gateway/tls/certificate_facts.hpp"

namespace gateway::checkup {
namespace {

std::string addresses_text(const EventbusProbe& probe) {
  std::string text;
  for (const AddressProbe& address : probe.addresses) {
    text += (text.empty() ? "" : ", ") + address.at.address().to_string();
  }
  if (probe.found > probe.addresses.size()) {
    text += fmt::format(" and {} more, which are not tried", probe.found - probe.addresses.size());
  }
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Finding connected(const AddressProbe& address, const config::Endpoint& endpoint) {
  const std::string at = egress::text_of(address.at);
  if (address.connect_problem.empty()) {
    return Finding::ok("connection",
                       fmt::format("{} in {}", at, observe::latency_text(address.connect_time)));
  }
  if (endpoint.proxy) {
    return Finding::fail(
        Blame::unavailable, "connection",
        fmt::format("the proxy {}: {}", at, address.connect_problem),
        "see delivery.proxy, and HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment");
  }
  const bool refused = contains(address.connect_problem, "refused");
  return Finding::fail(
      Blame::unavailable, "connection", fmt::format("{}: {}", at, address.connect_problem),
      refused ? "nothing listens there: is the eventbus running, and is target's port right?"
              : "is it reachable from here? Look at routes, firewalls and network policies");
}

std::string tls_advice(const std::string& problem, const config::Endpoint& endpoint) {
  if (contains(problem, "hostname mismatch") || contains(problem, "IP address mismatch")) {
    return fmt::format("the certificate is for another host than {}: name that one in target",
                       endpoint.host);
  }
  if (contains(problem, "expired")) return "have the eventbus' certificate renewed";
  if (contains(problem, "not yet valid")) return "is this machine's clock right?";
  if (contains(problem, "self-signed") || contains(problem, "self signed") ||
      contains(problem, "issuer certificate") || contains(problem, "verify the first")) {
    return "put the authority that signed it into delivery.tls.ca, or have the eventbus send the "
           "certificates in between";
  }
  if (contains(problem, "wrong version number") || contains(problem, "closed"))
    return "is it http:// that target should say?";
  if (contains(problem, "the peer refuses")) {
    return "the eventbus may want a certificate of the gateway: delivery.tls.cert and key";
  }
  return {};
}

std::string shown(const TlsProbe& probe) {
  if (!probe.certificate) return {};
  return fmt::format("subject {}, issuer {}",
                     probe.certificate->subject.empty() ? "none" : probe.certificate->subject,
                     probe.certificate->issuer.empty() ? "none" : probe.certificate->issuer);
}

void judge_tls(const std::string& at, const TlsProbe& probe, const config::Endpoint& endpoint,
               const config::Delivery& delivery, std::chrono::sys_seconds now, Findings& findings) {
  const auto ends = probe.certificate ? probe.certificate->expires : std::nullopt;
  if (!probe.problem.empty()) {
    std::string text = fmt::format("{}: {}", at, probe.problem);
    if (probe.certificate) text += "; shown: " + shown(probe);
    if (ends)
      text += fmt::format(", {} {}", *ends < now ? "expired" : "expires",
                          observe::relative_date_text(*ends - now));
    findings.push_back(Finding::fail(Blame::unavailable, "TLS", std::move(text),
                                     tls_advice(probe.problem, endpoint)));
    return;
  }
  std::string text = fmt::format("{}: {}, {}", at, probe.version, probe.cipher);
  if (delivery.tls.verify) {
    findings.push_back(Finding::ok("TLS", text + ", certificate verified for " + endpoint.host));
  } else {
    findings.push_back(Finding::warn("TLS", text + ", certificate not verified",
                                     "delivery.tls.verify is false: anyone on the way can read and "
                                     "change events"));
  }
  if (!ends) return;
  Finding finding = expiry_finding("certificate", fmt::format("{}: {}", at, shown(probe)), *ends,
                                   now, "have the eventbus' certificate renewed");
  // Who does not verify takes it as it is.
  findings.push_back(delivery.tls.verify ? std::move(finding) : std::move(finding).softened());
}

std::string no_answer_advice(const AddressProbe& address, const config::Endpoint& endpoint) {
  if (contains(address.answer_problem, "the peer refuses")) {
    return "the eventbus may want a certificate of the gateway: delivery.tls.cert and key";
  }
  if (!endpoint.tls) {
    return "is it an HTTP server, and one without TLS? Else target must be an https URL";
  }
  return "is it an HTTP/1.1 server?";
}

// What the answer to an OPTIONS request says of how events would fare, and what it does not.
Finding answered(const AddressProbe& address, const config::Endpoint& endpoint,
                 const config::Delivery& delivery) {
  const std::string asked =
      fmt::format("{}: OPTIONS {}", egress::text_of(address.at), endpoint.path());
  if (!address.answer_problem.empty()) {
    return Finding::fail(Blame::unavailable, "answer",
                         fmt::format("{}: {}", asked, address.answer_problem),
                         no_answer_advice(address, endpoint));
  }
  const unsigned status = address.status;
  std::string text =
      fmt::format("{}: {} in {}", asked, status, observe::latency_text(address.answer_time));
  const auto warn = [&](const char* advice) {
    return Finding::warn("answer", std::move(text), advice);
  };
  if (status / 100 == 2) {
    const std::string origin = egress::webhook_origin();
    if (!address.allowed_origin) return Finding::ok("answer", std::move(text));
    if (*address.allowed_origin == "*" || *address.allowed_origin == origin) {
      return Finding::ok("answer", text + ": it takes events from here");
    }
    text += fmt::format(": it takes events of {}, not of {}", *address.allowed_origin, origin);
    return warn("its webhook's handshake (WebHook-Allowed-Origin) names another sender");
  }
  if (status == 405 || status == 501) {
    return Finding::ok("answer", text + ": it speaks HTTP and has no OPTIONS");
  }
  if (status == 407) {
    return warn(
        "the proxy wants another user or password: delivery.proxy as http://user:password@host");
  }
  if (status == 401 || status == 403) {
    if (!delivery.oauth2.token_url.empty())
      return warn("it does not take the token of delivery.oauth2: its scope?");
    return warn(delivery.headers.empty()
                    ? "it asks for credentials: delivery.headers, such as Authorization"
                    : "it does not take the credentials in delivery.headers, or not for OPTIONS");
  }
  if (status == 404) {
    return warn(
        "is there such a path? Compare target and eventbus with the eventbus' own; some "
        "servers say this to OPTIONS alone");
  }
  if (status / 100 == 3) {
    return warn("redirections are not followed: name in target where it leads to");
  }
  if (status == 400 && !endpoint.tls) {
    return warn(
        "perhaps of OPTIONS alone; yet some servers say so to plain HTTP on a TLS port, "
        "for which target is an https URL");
  }
  if (status == 429) return warn("it limits the rate of requests even now");
  if (status == 502 || status == 503 || status == 504) {
    return warn("a proxy or balancer answers, and what is behind it seems not to be there");
  }
  if (status >= 500) return warn("the eventbus has trouble, if only with OPTIONS");
  return Finding::ok("answer", text + ": it speaks HTTP and does not take OPTIONS");
}

Finding token_finding(const TokenProbe& probe, const config::OAuth2& oauth2) {
  const std::string at = config::redacted_target(oauth2.token_url);
  if (!probe.problem.empty()) {
    return Finding::fail(Blame::unavailable, "token", at + ": " + probe.problem,
                         "see delivery.oauth2: token_url, client_id, client_secret, scope");
  }
  const std::string life = probe.lifetime ? fmt::format("good for {} s", probe.lifetime->count())
                                          : "it does not say for how long";
  return Finding::ok(
      "token", fmt::format("{}: a token in {}, {}", at, observe::latency_text(probe.time), life));
}

bool works(const AddressProbe& address) {
  return address.connect_problem.empty() && (!address.tls || address.tls->problem.empty()) &&
         address.answer_problem.empty();
}

}  // namespace

Finding expiry_finding(std::string subject, std::string text, std::chrono::sys_seconds expires,
                       std::chrono::sys_seconds now, const std::string& advice) {
  const bool over = expires <= now;
  text += fmt::format(", {} {}", over ? "expired" : "expires",
                      observe::relative_date_text(expires - now));
  if (over) {
    return Finding::fail(Blame::configuration, std::move(subject), std::move(text), advice);
  }
  if (expires - now < tls::kLateRenewal) {
    return Finding::warn(std::move(subject), std::move(text), advice);
  }
  return Finding::ok(std::move(subject), std::move(text));
}

Findings eventbus_findings(const EventbusProbe& probe, const config::Endpoint& endpoint,
                           const config::Delivery& delivery, std::chrono::sys_seconds now) {
  Findings findings;
  if (probe.token) findings.push_back(token_finding(*probe.token, delivery.oauth2));
  if (!probe.lookup_problem.empty()) {
    findings.push_back(Finding::fail(
        Blame::unavailable, "eventbus",
        fmt::format("{}: {}", endpoint.dialled_host(), probe.lookup_problem),
        endpoint.proxy
            ? "is the proxy's name right (delivery.proxy, or HTTP_PROXY and HTTPS_PROXY), and can "
              "this machine look names up?"
            : "is the name in target right, and can this machine look names up?"));
    return findings;
  }
  findings.push_back(Finding::ok(
      "eventbus", fmt::format("{}: {}{}, looked up in {}", endpoint.url(),
                              endpoint.proxy ? "by the proxy " : "", addresses_text(probe),
                              observe::latency_text(probe.lookup_time))));
  const bool any = std::ranges::any_of(probe.addresses, works);
  const auto add = [&](Finding finding) {
    findings.push_back(any ? std::move(finding).softened() : std::move(finding));
  };
  for (const AddressProbe& address : probe.addresses) {
    add(connected(address, endpoint));
    if (!address.connect_problem.empty()) continue;
    if (address.tls) {
      Findings of_tls;
      judge_tls(egress::text_of(address.at), *address.tls, endpoint, delivery, now, of_tls);
      for (Finding& finding : of_tls) add(std::move(finding));
      if (!address.tls->problem.empty()) continue;
    }
    add(answered(address, endpoint, delivery));
  }
  return findings;
}

}  // namespace gateway::checkup
