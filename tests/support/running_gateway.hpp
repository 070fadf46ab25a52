#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/config/settings.hpp"
#include "gateway/gateway.hpp"
#include "gateway/observe/snapshot.hpp"
#include "testkit/http_client.hpp"

namespace gateway::test {

// Settings for a gateway on loopback ports the kernel picks: one thread, one eventbus connection,
// one request at a time, no cloud, no signature, quick retries.
[[nodiscard]] config::Settings loopback_settings(std::uint16_t eventbus_port);

// A gateway inside the test program. When it goes it is stopped, and the books must balance:
// every record received was delivered or failed, and nothing is held any more.
class RunningGateway {
 public:
  explicit RunningGateway(config::Settings settings, const DeploymentOptions& deployment = {});
  ~RunningGateway();
  RunningGateway(const RunningGateway&) = delete;
  RunningGateway& operator=(const RunningGateway&) = delete;

  [[nodiscard]] HttpClient connect() const { return HttpClient(gateway_->port()); }
  [[nodiscard]] HttpClient connect_admin() const { return HttpClient(gateway_->admin_port()); }
  // On a connection of its own.
  Response post(std::string_view body, const Headers& headers = {}) const {
    return connect().post(body, headers);
  }

  [[nodiscard]] Gateway& gateway() noexcept { return *gateway_; }
  [[nodiscard]] observe::Snapshot snapshot() const { return gateway_->snapshot(); }
  // Until the counters say so; false when they do not within 10 s.
  [[nodiscard]] bool wait_for(const std::function<bool(const observe::Snapshot&)>& ready) const;

  // Stops, waits and checks the balance now instead of at the end.
  void finish();

 private:
  std::unique_ptr<Gateway> gateway_;
  bool finished_ = false;
};

}  // namespace gateway::test
