#pragma once
#include <memory>

#include "cloud/api.hpp"
#include "cloud/credentials.hpp"
#include "cloud/provisioner.hpp"
#include "gateway/config/settings.hpp"
#include "runtime/asio.hpp"

namespace gateway {

struct DeploymentOptions {
  cloud::Unmarked unmarked = cloud::Unmarked::refuse;
  cloud::ProvisioningPace pace;
  // Of two configurations for one function, or one bucket's events, the one with the larger number
  // wins: config::configured_at().
  cloud::Generation generation = 0;
};

// The cloud side of one configuration: credentials, API client and provisioner. For checked
// settings with function.provision only. Used on one thread.
class RelayDeployment {
 public:
  RelayDeployment(const Executor& executor, const config::Settings& settings,
                  cloud::Provisioner::Listener listener, const DeploymentOptions& options = {});
  ~RelayDeployment();

  [[nodiscard]] cloud::Provisioner& provisioner() noexcept { return *provisioner_; }
  // Ends every wait for the cloud, also later ones.
  void cancel();

 private:
  std::unique_ptr<cloud::Credentials> credentials_;
  std::unique_ptr<cloud::Api> api_;
  std::unique_ptr<cloud::Provisioner> provisioner_;
};

}  // namespace gateway
