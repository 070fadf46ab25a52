#pragma once
#include <chrono>
#include <random>
#include <string>
#include <string_view>

#include "cloud/api.hpp"
#include "cloud/credentials.hpp"
#include "cloud/http_client.hpp"
#include "runtime/asio.hpp"
#include "runtime/signal.hpp"

namespace gateway::cloud {

// A service of Cloud API 3.0 and where it is.
struct ApiService {
  ApiService() = default;
  std::string name = "scf";  // what signatures are made for, whatever the host
  std::string version = "2018-04-16";
  std::string region;
  HttpOrigin origin;
};

// How long a call waits and how often it is made.
struct ApiPace {
  ApiPace() = default;
  std::chrono::milliseconds timeout{60'000};     // for one answer, with the way there
  unsigned attempts = 3;                         // of what is repeated here at all
  std::chrono::milliseconds retry_initial{500};  // back-off, doubled each time, with full jitter
  std::chrono::milliseconds retry_max{8000};
};

// Calls over one kept-alive connection, signed with TC3-HMAC-SHA256. One call at a time; whoever
// spawned it joins it before this dies.
//
// Repeated here, at most `attempts` times in all: what was refused for its rate, reads after any
// transient error, and writes if their connection failed before they were sent. Besides, a call is
// made once more when the service finds the time wrong (with its own time, from then on) and when
// it refuses temporary credentials that can be renewed.
class ApiClient : public Api {
 public:
  // `credentials` must outlive this. `ca_file` as for HttpClient.
  ApiClient(const Executor& executor, ApiService service, Credentials& credentials, ApiPace pace,
            std::string ca_file = {});

  [[nodiscard]] Task<ApiResult<boost::json::object>> call(std::string action,
                                                          boost::json::object parameters) override;
  void cancel() override;

 private:
  // An answer with what is needed to judge it.
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
  std::chrono::seconds clock_offset_{0};  // what the service's clock is ahead of ours
  bool cancelled_ = false;
};

}  // namespace gateway::cloud
