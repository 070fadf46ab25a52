#include "gateway/auth/accepted_tokens.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cloud/relay_environment.hpp"
#include "gateway/config/buckets.hpp"
#include "runtime/ip_address.hpp"

namespace gateway::auth {
namespace {

bool is_loopback(const std::string& host) {
  const auto address = ip_address(host);
  return address && address->is_loopback();
}

// Returns the tokens derived for the functions of `buckets`; none without a list, where it is
// gateway_token() alone, and none where one token stands for all.
std::vector<Secret> tokens_of_functions(const config::Settings& settings) {
  std::vector<Secret> tokens;
  const auto& key = settings.credentials.secret_key;
  const auto& ingress = settings.ingress;
  if (ingress.auth == config::Auth::none || !ingress.token.empty() || key.empty()) return tokens;
  for (const auto& shared : config::shared_functions(settings.buckets)) {
    tokens.push_back(function_token(settings, shared.function));
  }
  return tokens;
}

}  // namespace

Secret function_token(const config::Settings& settings, const config::Function& function) {
  if (settings.ingress.auth == config::Auth::none) return {};
  if (!settings.ingress.token.empty()) return settings.ingress.token;
  const auto& key = settings.credentials.secret_key;
  if (key.empty()) return {};
  return Secret(
      cloud::derive_gateway_token(key.reveal(), function.region, function.space, function.name));
}

Secret gateway_token(const config::Settings& settings) {
  const bool several = !settings.buckets.empty();
  return function_token(settings, several ? settings.buckets.front().function : settings.function);
}

std::vector<Secret> accepted_tokens(const config::Settings& settings) {
  std::vector<Secret> tokens = tokens_of_functions(settings);
  Secret token = gateway_token(settings);
  if (tokens.empty() && !token.empty()) tokens.push_back(std::move(token));
  if (!tokens.empty()) {
    const Secret& previous = settings.ingress.previous_token;
    if (!previous.empty()) tokens.push_back(previous);
  } else if (settings.ingress.auth == config::Auth::hmac) {
    throw std::invalid_argument("gateway.auth: hmac needs gateway.token or secret_key");
  }
  return tokens;
}

std::size_t function_tokens(const config::Settings& settings) {
  return tokens_of_functions(settings).size();
}

std::string_view described(const config::Settings& settings) {
  if (gateway_token(settings).empty()) return "none";
  if (!settings.ingress.token.empty()) return "hmac or bearer, by gateway.token";
  return "hmac or bearer, by a token derived from secret_key";
}

bool open_by_default(const config::Settings& settings) {
  const auto& ingress = settings.ingress;
  // A client that has shown a certificate of that authority is known.
  return ingress.auth == config::Auth::automatic && ingress.tls.ca.empty() &&
         !is_loopback(ingress.listen.host) && gateway_token(settings).empty();
}

std::vector<Secret> FormerTokens::seen(const std::vector<Secret>& tokens, Instant now) {
  std::erase_if(known_, [now](const Known& one) { return now - one.last_seen > kKept; });
  for (const Secret& token : tokens) {
    if (token.empty()) continue;
    const auto same = std::ranges::find_if(
        known_, [&](const Known& one) { return one.token.reveal() == token.reveal(); });
    if (same != known_.end()) {
      same->last_seen = now;
    } else if (known_.size() < kMost) {
      known_.emplace_back(token, now);
    }
  }
  std::vector<Secret> accepted;
  accepted.reserve(known_.size());
  for (const Known& one : known_) accepted.push_back(one.token);
  return accepted;
}

}  // namespace gateway::auth
