#pragma once
#include <string>

namespace gateway::load {

// What a TLS server shows, in PEM.
struct SelfSigned {
  std::string certificate;
  std::string key;
};

// For 127.0.0.1, valid for a day; ECDSA on P-256, as most certificates of today. Throws
// std::runtime_error.
[[nodiscard]] SelfSigned make_self_signed();

}  // namespace gateway::load
