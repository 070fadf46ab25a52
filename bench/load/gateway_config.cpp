#include "load/gateway_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/split.hpp>
#include <vector>

#include "testkit/record_text.hpp"

namespace gateway::load {
namespace {

struct Feature {
  std::string_view name;
  bool GatewayForm::* member;
};

constexpr std::array kFeatures{Feature{"TLS", &GatewayForm::tls},
                               Feature{"signed", &GatewayForm::signed_posts},
                               Feature{"stable-ids", &GatewayForm::stable_ids},
                               Feature{"attributes", &GatewayForm::attributes},
                               Feature{"redaction", &GatewayForm::redaction},
                               Feature{"stores", &GatewayForm::stores},
                               Feature{"eventbus-TLS", &GatewayForm::eventbus_tls},
                               Feature{"structured", &GatewayForm::structured},
                               Feature{"batch", &GatewayForm::batch},
                               Feature{"hundred-entries", &GatewayForm::many_entries}};

}  // namespace

boost::system::result<GatewayForm, std::string> GatewayForm::parse(std::string_view text) {
  GatewayForm form;
  std::vector<std::string> wanted;
  if (!text.empty()) boost::split(wanted, text, [](char c) { return c == ','; });
  for (const std::string& name : wanted) {
    const auto* const found = std::ranges::find(kFeatures, name, &Feature::name);
    if (found == kFeatures.end()) return "expected some of " + names();
    form.*(found->member) = true;
  }
  if (form.structured && form.batch) return std::string("structured and batch exclude each other");
  return form;
}

std::string GatewayForm::names() {
  std::vector<std::string_view> all;
  all.reserve(kFeatures.size());
  for (const Feature& feature : kFeatures) all.push_back(feature.name);
  return fmt::format("{}", fmt::join(all, ","));
}

std::string gateway_config(const GatewaySettings& settings, std::uint16_t port, std::uint16_t admin,
                           std::uint16_t sink, std::string_view folder) {
  const GatewayForm& form = settings.form;
  std::string text = fmt::format(
      "target: {}://127.0.0.1:{}\neventbus: bench\nfunction: {{ provision: false }}\n"
      "gateway:\n  listen: 127.0.0.1:{}\n  admin: 127.0.0.1:{}\n  threads: {}\n"
      "  max_connections: {}\n",
      form.eventbus_tls ? "https" : "http", sink, port, admin, settings.threads,
      settings.max_connections);
  text += settings.token.empty() ? std::string("  auth: none\n")
                                 : fmt::format("  auth: hmac\n  token: {}\n", settings.token);
  if (form.tls) text += fmt::format("  tls: {{ cert: {0}/cert.pem, key: {0}/key.pem }}\n", folder);
  std::string delivery;
  if (form.structured) delivery += "  mode: structured\n";
  if (form.batch) delivery += "  mode: batch\n";
  if (form.eventbus_tls) delivery += "  tls: { verify: false }\n";
  if (settings.eventbus_connections != 0) {
    delivery += fmt::format("  connections: {}\n", settings.eventbus_connections);
  }
  if (!settings.pipeline.empty()) delivery += fmt::format("  pipeline: {}\n", settings.pipeline);
  if (!delivery.empty()) text += "delivery:\n" + delivery;
  std::string event;
  if (form.stable_ids) event += "  id: stable\n";
  if (form.attributes) event += "  attributes: [subject, cosbucket, coseventname]\n";
  if (form.redaction) event += "  redact: [Authorization]\n";
  if (!event.empty()) text += "event:\n" + event;
  if (form.stores) {
    text +=
        fmt::format("spool: {{ path: {0}/spool }}\ndead_letter: {{ path: {0}/dead }}\n", folder);
  }
  if (form.many_entries) text += many_entries(test::bucket_host());
  return text + settings.more;
}

std::string many_entries(std::string_view host) {
  constexpr unsigned kEntries = 100;
  std::string text = "buckets:\n";
  for (unsigned i = 0; i < kEntries; ++i) {
    const std::string endpoint =
        i == kEntries / 2 ? std::string(host)
                          : fmt::format("bench{}-1250000000.cos.ap-guangzhou.myqcloud.com", i);
    text += fmt::format(
        "  - {{ endpoint: {}, exclude: ['**/*.tmp', '*/cache/**'],"
        " include: ['backup/**/*.gz', '**/[0-9]?-*.log', '**'] }}\n",
        endpoint);
  }
  return text;
}

}  // namespace gateway::load
