#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/tls/certificate_facts.hpp"
#include "runtime/asio.hpp"

namespace gateway::checkup {

// The result of a TLS handshake.
struct TlsProbe {
  TlsProbe() = default;
  std::string problem;  // empty: it succeeded, and the certificate is for the host
  std::string version;
  std::string cipher;
  std::optional<tls::CertificateFacts> certificate;  // the server's, also if it was refused
};

// The result of each step with one address of the eventbus. The steps after the first problem were
// not tried.
struct AddressProbe {
  AddressProbe() = default;
  tcp::endpoint at;
  std::string connect_problem;
  std::chrono::nanoseconds connect_time{0};
  std::optional<TlsProbe> tls;  // of an https target
  std::string answer_problem;
  std::chrono::nanoseconds answer_time{0};
  unsigned status = 0;
  // WebHook-Allowed-Origin, if the answer has it: whose events the eventbus takes.
  std::optional<std::string> allowed_origin;
};

// The result of fetching a token from delivery.oauth2.
struct TokenProbe {
  TokenProbe() = default;
  std::string problem;  // empty: there is a token
  std::chrono::nanoseconds time{0};
  std::optional<std::chrono::seconds> lifetime;
};

struct EventbusProbe {
  EventbusProbe() = default;
  std::string lookup_problem;
  std::chrono::nanoseconds lookup_time{0};
  std::size_t found = 0;  // addresses, of which the first kMostAddresses are probed
  std::vector<AddressProbe> addresses;
  std::optional<TokenProbe> token;  // with delivery.oauth2
};

inline constexpr std::size_t kMostAddresses = 16;

// Looks the host up and probes all of its addresses at the same time. Each step (token, look-up,
// connection, handshake, answer) may take `patience`. Blocks until all have ended.
[[nodiscard]] EventbusProbe probe_eventbus(const config::Endpoint& endpoint,
                                           const config::Delivery& delivery,
                                           std::chrono::milliseconds patience);

}  // namespace gateway::checkup
