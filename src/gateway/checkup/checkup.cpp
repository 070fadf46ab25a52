#include "gateway/checkup/checkup.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "gateway/checkup/cloud_finding.hpp"
#include "gateway/checkup/eventbus_findings.hpp"
#include "gateway/checkup/eventbus_probe.hpp"
#include "gateway/checkup/local_findings.hpp"
#include "gateway/checkup/storage_probe.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/observe/admin_client.hpp"
#include "gateway/provisioning/relay_deployment.hpp"
#include "gateway/tls/pem_files.hpp"
#include "runtime/cores.hpp"
#include "runtime/process_limits.hpp"

namespace gateway::checkup {
namespace {

// Fewer would make a median and a maximum that say little.
constexpr unsigned kWrites = 20;
// Making a plan takes a few calls.
constexpr int kCloudSteps = 4;

void append(Findings& all, Findings more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::chrono::sys_seconds wall_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// Returns the finding for a certificate of this process. Its files were read when the configuration
// was checked.
void check_own_certificate(const std::string& key, const config::TlsFiles& files,
                           const std::string& host, Findings& findings) {
  if (files.cert.empty()) return;
  const auto identity = tls::read_identity(files.cert, files.key);
  if (!identity) {
    findings.push_back(Finding::fail(Blame::configuration, key, identity.error().text(), ""));
    return;
  }
  const tls::CertificateFacts facts(*identity->certificate);
  const std::string text = files.cert + ": subject " + facts.subject + ", issuer " + facts.issuer;
  if (facts.expires) {
    findings.push_back(expiry_finding(key, text, *facts.expires, wall_now(),
                                      "renew it; a running gateway reads files that change"));
  }
  if (!host.empty() && !tls::is_for_host(*identity->certificate, host)) {
    findings.push_back(Finding::warn(key, files.cert + " is not for " + host,
                                     "the relay function verifies it against gateway.public_url"));
  }
}

std::string public_host(const config::Settings& settings) {
  const auto url = config::parse_http_url(settings.ingress.public_url);
  return url && url->tls ? url->host : std::string();
}

void check_addresses(const config::Ingress& ingress, std::chrono::milliseconds patience,
                     Findings& findings) {
  const error_code listen = try_bind(ingress.listen);
  const error_code admin = try_bind(ingress.admin);
  bool gateway_there = false;
  if (admin == asio::error::address_in_use) {
    const observe::AdminClient gateway(ingress.admin.from_here());
    gateway_there = gateway.get("/healthz", patience).status != 0;
  }
  findings.push_back(listen_finding("gateway.listen", ingress.listen, listen, gateway_there));
  findings.push_back(listen_finding("gateway.admin", ingress.admin, admin, gateway_there));
}

Finding check_cloud(const config::Settings& settings, std::chrono::milliseconds patience) {
  asio::io_context context(1);
  // What would be done if this configuration came into force now.
  DeploymentOptions options;
  options.generation = generation_of_now();
  const auto provisioners = make_provisioners(
      context.get_executor(), settings, [](const cloud::ProvisioningStatus&) {}, options);
  Timer limit(context.get_executor());
  bool over = false;
  limit.expires_after(kCloudSteps * patience);
  limit.async_wait([&](const error_code& aborted) {
    if (aborted) return;
    over = true;
    provisioners->cancel();
  });
  auto examined = asio::co_spawn(context.get_executor(),
                                 provisioners->examine(false, cloud::CloudView::Depth::quick),
                                 asio::use_future);
  while (examined.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    context.run_one();
  }
  std::optional<cloud::ApiResult<cloud::Plan>> plan = examined.get();
  if (over) plan.reset();
  return cloud_finding(plan, settings.function.api);
}

}  // namespace

Findings check_up(const config::Settings& settings, const CheckupOptions& options) {
  const auto endpoints = config::Targets(settings).endpoints();
  Findings findings;
  for (const config::Endpoint& endpoint : endpoints) {
    append(findings,
           eventbus_findings(probe_eventbus(endpoint, settings.delivery, options.patience),
                             endpoint, settings.delivery, wall_now()));
  }
  const bool tls = std::ranges::any_of(endpoints, &config::Endpoint::tls);
  if (tls) check_own_certificate("delivery.tls", settings.delivery.tls, "", findings);
  if (settings.function.provision) findings.push_back(check_cloud(settings, options.patience));
  check_own_certificate("gateway.tls", settings.ingress.tls, public_host(settings), findings);
  check_addresses(settings.ingress, options.patience, findings);

  std::optional<std::uint64_t> spool_room;
  using egress::StoreKind;
  for (const auto& [key, storage, kind] :
       {std::tuple("spool", &settings.spool, StoreKind::spool),
        std::tuple("dead_letter", &settings.dead_letter, StoreKind::dead_letters)}) {
    if (storage->path.empty()) continue;
    const auto probe = probe_storage(storage->path, kind, kWrites, options.patience);
    append(findings, storage_findings(key, *storage, probe));
    if (storage == &settings.spool) spool_room = room_of(*storage, probe);
  }
  const unsigned threads =
      settings.ingress.threads == 0 ? usable_cores() : settings.ingress.threads;
  findings.push_back(memory_finding(settings, threads, tls, available_memory()));
  findings.push_back(outage_finding(settings, options.load, spool_room));
  return findings;
}

}  // namespace gateway::checkup
