#pragma once
#include <memory>

#include "cloud/credentials.hpp"
#include "cloud/provisioners.hpp"
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

// The cloud side of one configuration: credentials, API clients and provisioners. For checked
// settings with function.provision only. Used on one thread.
class RelayDeployment {
 public:
  RelayDeployment(const Executor& executor, const config::Settings& settings,
                  cloud::Provisioners::Listener listener, const DeploymentOptions& options = {});
  ~RelayDeployment();

  [[nodiscard]] cloud::Provisioners& provisioners() noexcept { return *provisioners_; }
  // Ends every wait for the cloud, also later ones.
  void cancel() { provisioners_->cancel(); }

 private:
  std::unique_ptr<cloud::Credentials> credentials_;
  std::unique_ptr<cloud::Provisioners> provisioners_;
};

}  // namespace gateway
