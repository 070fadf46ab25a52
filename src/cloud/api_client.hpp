#pragma once
#include <chrono>
#include <random>
#include <string>
#include <string_view>

#include "cloud/api.hpp"
#include "cloud/credentials.hpp"
#include "runtime/asio.hpp"
#include "runtime/http_client.hpp"
#include "runtime/signal.hpp"

namespace gateway::cloud {

// A service of Cloud API 3.0 and its address.
struct ApiService {
  ApiService() = default;
  std::string name = "scf";  // in signatures, whatever the host
  std::string version = "2018-04-16";
  std::string region;
  HttpOrigin origin;
};

// How long a call may take and how often it is tried.
struct ApiPace {
  ApiPace() = default;
  std::chrono::milliseconds timeout{60'000};     // for one answer, connecting included
  unsigned attempts = 3;                         // of calls that are repeated here
  std::chrono::milliseconds retry_initial{500};  // back-off, doubled each time, with full jitter
  std::chrono::milliseconds retry_max{8000};
};

// Makes calls over one kept-alive connection, signed with TC3-HMAC-SHA256. One call at a time;
// whoever spawned a call joins it before this object dies.
//
// Three kinds of calls are repeated, at most `attempts` times in all: those refused for their rate,
// reads after any transient error, and writes whose connection failed before they were sent.
// Besides, a call is made once more when the service finds the time wrong (with the service's time,
// which is used from then on) and when it refuses temporary credentials that can be renewed.
class ApiClient : public Api {
 public:
  // `credentials` must outlive this. `ca_file` as for HttpClient.
  ApiClient(const Executor& executor, ApiService service, Credentials& credentials, ApiPace pace,
            std::string ca_file = {});

  [[nodiscard]] Task<ApiResult<boost::json::object>> call(std::string action,
                                                          boost::json::object parameters) override;
  void cancel() override;

 private:
  // An answer, with its date and whether the request was sent.
  struct Outcome;

  [[nodiscard]] HttpRequest request(std::string_view action, std::string_view body,
                                    const Credential& credential) const;
  [[nodiscard]] Task<Outcome> attempt(std::string action, std::string body, Credential credential);
  [[nodiscard]] Task<void> back_off(unsigned attempts);
  [[nodiscard]] bool correct_clock(std::string_view action, std::string_view date);
  [[nodiscard]] ApiError clock_error(const Outcome& outcome) const;
  [[nodiscard]] std::chrono::sys_seconds now() const;

  const ApiService service_;
  const ApiPace pace_;
  Credentials& credentials_;
  HttpClient http_;
  Signal wake_;
  std::minstd_rand jitter_{std::random_device{}()};
  std::chrono::seconds clock_offset_{0};  // how far the service's clock is ahead of ours
  bool cancelled_ = false;
};

}  // namespace gateway::cloud
