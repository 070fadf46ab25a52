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

// What a TLS handshake came to.
struct TlsProbe {
  TlsProbe() = default;
  std::string problem;  // empty: it went well, host name and all
  std::string version;
  std::string cipher;
  std::optional<tls::CertificateFacts> certificate;  // what was shown, also if it was refused
};

// How far one address of the eventbus let itself be talked to; what comes after the first problem
// was not tried.
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

// What fetching a token from delivery.oauth2 came to.
struct TokenProbe {
  TokenProbe() = default;
  std::string problem;  // empty: there is one
  std::chrono::nanoseconds time{0};
  std::optional<std::chrono::seconds> lifetime;
};

struct EventbusProbe {
  EventbusProbe() = default;
  std::string lookup_problem;
  std::chrono::nanoseconds lookup_time{0};
  std::size_t found = 0;  // addresses, of which the first kMostAddresses are talked to
  std::vector<AddressProbe> addresses;
  std::optional<TokenProbe> token;  // with delivery.oauth2
};

inline constexpr std::size_t kMostAddresses = 16;

// Looks the host up and talks to all of its addresses at the same time. Each step (token,
// look-up, connection, handshake, answer) gets `patience`. Blocks until all are through.
[[nodiscard]] EventbusProbe probe_eventbus(const config::Endpoint& endpoint,
                                           const config::Delivery& delivery,
                                           std::chrono::milliseconds patience);

}  // namespace gateway::checkup
