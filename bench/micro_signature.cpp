#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cloud/digest.hpp"
#include "gateway/auth/authenticator.hpp"
#include "gateway/http/fields.hpp"

namespace gateway::auth {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'700'000'000)};
// As derived ones are: 64 characters.
const std::string kToken(64, 'k');
// A post of one record, and larger ones.
constexpr std::array<std::int64_t, 3> kSizes{1300, 65'536, 1'048'576};

std::string signed_by(const std::string& key, const std::string& body) {
  return "t=1700000000,v1=" + cloud::hex(cloud::hmac_sha256(key, "1700000000." + body));
}

std::vector<Secret> tokens(bool rotating) {
  std::vector<Secret> all;
  if (rotating) all.emplace_back(std::string(64, 'n'));
  all.emplace_back(kToken);
  return all;
}

// All that authentication adds to a post: the walk over its head, its time, its signature.
void check_signature(benchmark::State& state, bool rotating) {
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  const std::string head =
      "POST / HTTP/1.1\r\nHost: gateway.example.com:8080\r\nContent-Type: application/json\r\n"
      "Content-Length: 1300\r\nUser-Agent: cos-gateway-relay/1\r\n"
      "X-Request-Id: 2c2d8ea5-5f29-4d3c-9d4a-6f6f6f6f6f6f\r\nX-Cos-Signature: " +
      signed_by(kToken, body) + "\r\nConnection: keep-alive\r\n\r\n";
  http::HeadScan scan;
  if (scan.advance(head.data(), head.size()) != http::HeadScan::State::complete) {
    state.SkipWithError("not a head");
  }
  Authenticator authenticator(tokens(rotating));
  for (auto _ : state) {
    const Shown shown = shown_in({head.data(), scan});
    const bool good =
        !authenticator.refuse_head(shown, kNow) && authenticator.signs(shown.signature, body);
    if (!good) state.SkipWithError("refused");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}

void signature(benchmark::State& state) {
  check_signature(state, false);
}
void signature_by_previous_token(benchmark::State& state) {
  check_signature(state, true);
}
BENCHMARK(signature)->ArgsProduct({{kSizes.begin(), kSizes.end()}});
BENCHMARK(signature_by_previous_token)->Arg(kSizes.front());

void bearer(benchmark::State& state) {
  const std::string value = "Bearer " + kToken;
  Shown shown;
  shown.authorization = value;
  const Authenticator authenticator(tokens(false));
  for (auto _ : state) benchmark::DoNotOptimize(authenticator.refuse_head(shown, kNow));
}
BENCHMARK(bearer);

}  // namespace
}  // namespace gateway::auth
