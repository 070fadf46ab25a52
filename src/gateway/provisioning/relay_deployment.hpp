#pragma once
#include <memory>

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

// Returns the generation of a configuration that comes into force now.
[[nodiscard]] cloud::Generation generation_of_now();

// Makes the cloud side of one configuration: credentials, API clients and provisioners. For checked
// settings with function.provision only.
[[nodiscard]] std::unique_ptr<cloud::Provisioners> make_provisioners(
    const Executor& executor, const config::Settings& settings,
    cloud::Provisioners::Listener listener, const DeploymentOptions& options = {});

}  // namespace gateway
