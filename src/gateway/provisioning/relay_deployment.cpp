#include "gateway/provisioning/relay_deployment.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "cloud/api_client.hpp"
#include "cloud/credentials.hpp"
#include "cloud/credentials_chain.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/provisioning/wanted_function.hpp"

namespace gateway {
namespace {

void by_proxy(HttpOrigin& origin, const config::Settings& settings) {
  origin.go_by(settings.environment_proxies.find(origin.tls(), origin.host(), origin.port()));
}

cloud::CredentialSources sources_of(const config::Settings& settings) {
  cloud::CredentialSources sources;
  sources.id = settings.credentials.secret_id;
  sources.key = settings.credentials.secret_key;
  sources.token = settings.credentials.session_token;
  sources.pod_identity = settings.pod_identity;
  // The metadata service is on a link-local address, which no proxy reaches.
  by_proxy(sources.sts, settings);
  return sources;
}

cloud::ApiService service_of(const config::Settings& settings) {
  const auto url = config::parse_http_url(settings.function.api);
  if (!url) throw std::invalid_argument("function.api: " + url.error().message());
  cloud::ApiService service;
  service.origin = HttpOrigin(url->tls, url->host, url->port, url->authority);
  by_proxy(service.origin, settings);
  return service;
}

}  // namespace

cloud::Generation generation_of_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::unique_ptr<cloud::Provisioners> make_provisioners(const Executor& executor,
                                                       const config::Settings& settings,
                                                       cloud::Provisioners::Listener listener,
                                                       const DeploymentOptions& options) {
  const std::shared_ptr<cloud::Credentials> credentials =
      cloud::make_credentials(executor, sources_of(settings));
  // It is called later as well, when the settings may be gone.
  const auto make_api = [executor, credentials,
                         service = service_of(settings)](const std::string& region) {
    cloud::ApiService of_region = service;
    of_region.region = region;
    return std::make_unique<cloud::ApiClient>(executor, std::move(of_region), *credentials,
                                              cloud::ApiPace{});
  };
  return std::make_unique<cloud::Provisioners>(executor, wanted_functions(settings), make_api,
                                               options.pace, std::move(listener), options.unmarked,
                                               options.generation);
}

}  // namespace gateway
