#include "load/gateway_form.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/split.hpp>
#include <vector>

#include "load/bucket_entries.hpp"
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

std::string form_sections(const GatewayForm& form, std::string_view folder) {
  std::string text;
  if (form.stable_ids || form.attributes || form.redaction) text += "event:\n";
  if (form.stable_ids) text += "  id: stable\n";
  if (form.attributes) text += "  attributes: [subject, cosbucket, coseventname]\n";
  if (form.redaction) text += "  redact: [Authorization]\n";
  if (form.stores) {
    text +=
        fmt::format("spool: {{ path: {0}/spool }}\ndead_letter: {{ path: {0}/dead }}\n", folder);
  }
  if (form.many_entries) text += many_entries(test::bucket_host());
  return text;
}

}  // namespace gateway::load
