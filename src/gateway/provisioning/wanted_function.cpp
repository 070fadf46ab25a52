#include "gateway/provisioning/wanted_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "cloud/bucket_endpoint.hpp"
#include "cloud/relay_environment.hpp"
#include "cloud/relay_package.hpp"
#include "cloud/wanted.hpp"
#include "gateway/auth/accepted_tokens.hpp"
#include "gateway/config/buckets.hpp"
#include "gateway/config/checks.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/http_url.hpp"

namespace gateway {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Returns the entry point for a family of runtimes. A code object has one of the same name, as the
// original connector's does.
std::string handler_of(const std::string& runtime) {
  return runtime == config::kCodeObjectRuntime ? "main" : "index.main_handler";
}

// Returns the settings of `event` and `delivery` with which the relay makes CloudEvents as the
// gateway would, as JSON without those that have their defaults.
std::string event_settings(const config::Settings& settings, const config::Event& event) {
  namespace json = boost::json;
  const auto& delivery = settings.delivery;
  json::object all;
  if (delivery.mode == config::Mode::structured) all["mode"] = "structured";
  if (delivery.mode == config::Mode::batch) all["mode"] = "batch";
  if (event.id == config::EventId::stable) all["id"] = "stable";
  if (event.id == config::EventId::stable_v1) all["id"] = "stable-v1";
  if (event.data == config::EventData::records) all["data"] = "records";
  if (!event.attributes.empty()) {
    all["attributes"] = json::array(event.attributes.begin(), event.attributes.end());
  }
  if (!event.redact.empty()) {
    all["redact"] = json::array(event.redact.begin(), event.redact.end());
  }
  json::object headers;
  for (const auto& [name, value] : delivery.headers) headers[name] = value.reveal();
  if (!headers.empty()) all["headers"] = std::move(headers);
  return all.empty() ? std::string() : json::serialize(all);
}

// Adds the variables with the address that the built-in relay sends to, and what it needs for that.
void add_destination(const config::Settings& settings, const config::Function& function,
                     const config::BucketEntry& entry, Variables& all) {
  if (!settings.ingress.public_url.empty()) {
    all.emplace_back(cloud::kGatewayVariable, settings.ingress.public_url);
    all.emplace_back(cloud::kTokenVariable, auth::function_token(settings, function).reveal());
    return;
  }
  const auto target =
      config::parse_endpoint(entry.target, entry.eventbus, settings.delivery.profile);
  if (!target) throw std::invalid_argument("target: " + target.error().message());
  // Not Endpoint::url(), which is for messages and leaves out what the query says.
  all.emplace_back(cloud::kTargetVariable,
                   fmt::format("{}://{}{}", target->tls ? "https" : "http", target->host_header,
                               target->request_target));
  all.emplace_back("EVENT_SETTINGS", event_settings(settings, entry.event));
}

Variables environment_of(const config::Settings& settings, const config::Function& function,
                         const config::BucketEntry& entry, bool code_object) {
  Variables all;
  const auto& ingress = settings.ingress;
  const bool through_here = !ingress.public_url.empty();
  const auto public_url = config::parse_http_url(ingress.public_url);
  all.emplace_back("EVENT_GATEWAY", code_object && through_here && public_url
                                        ? public_url->authority
                                        : settings.target);
  all.emplace_back("FUNCTION_NAME", function.name);
  all.emplace_back("VANUS_EVENTBUS", settings.eventbus);
  all.emplace_back("DEBUG_MODE", settings.debug ? "true" : "false");
  if (!code_object) {
    add_destination(settings, function, entry, all);
    for (auto& [name, value] : all) value = cloud::relay_variable(value);
  }
  // SCF refuses a variable without a value.
  std::erase_if(all, [](const auto& variable) { return variable.second.empty(); });
  return all;
}

cloud::WantedBucket wanted_bucket(const config::Bucket& bucket) {
  const auto endpoint = cloud::parse_bucket_endpoint(bucket.endpoint);
  if (!endpoint) {
    throw std::invalid_argument("bucket.endpoint: " + std::string(endpoint.error().reason()));
  }
  cloud::WantedBucket wanted;
  wanted.endpoint = *endpoint;
  wanted.events = bucket.events;
  wanted.prefix = bucket.prefix;
  wanted.suffix = bucket.suffix;
  return wanted;
}

// Returns what the functions of a list have in common, however the list changes: where they send.
std::string deployment_of(const config::Settings& settings) {
  if (settings.buckets.empty()) return {};
  const auto& url = settings.ingress.public_url;
  return fmt::format("{} {}", url.empty() ? settings.target : url, settings.eventbus);
}

// `shared` has at least one entry. Its first one says where a function sends events that it makes
// itself; the checks make sure that all entries agree.
cloud::Wanted wanted_function(const config::Settings& settings,
                              const config::SharedFunction& shared,
                              const std::vector<config::BucketEntry>& entries) {
  const auto& function = shared.function;
  const bool code_object = config::uses_code_object(settings);
  cloud::Wanted wanted;
  wanted.region = function.region;
  wanted.space = function.space;
  wanted.name = function.name;
  wanted.deployment = deployment_of(settings);
  for (const std::size_t entry : shared.entries) {
    wanted.buckets.push_back(wanted_bucket(entries[entry].bucket));
  }
  if (code_object) {
    const auto code = function.code.value_or(config::FunctionCode{});
    wanted.code = cloud::CosCode{code.bucket, code.region, code.path};
  } else {
    wanted.code = cloud::InlineCode{std::string(cloud::relay_zip())};
  }
  wanted.runtime = function.runtime;
  wanted.handler = handler_of(function.runtime);
  wanted.memory_mb = function.memory_mb;
  wanted.timeout = std::chrono::duration_cast<std::chrono::seconds>(function.timeout);
  wanted.environment =
      environment_of(settings, function, entries[shared.entries.front()], code_object);
  wanted.retries = function.retries;
  wanted.max_age = std::chrono::duration_cast<std::chrono::seconds>(function.max_age);
  return wanted;
}

// Returns the key that makes the environment of a function long. `entry`: the number of its first
// entry.
std::string key_of_longest(const Variables& environment, const config::Settings& settings,
                           std::size_t entry) {
  const auto longest = std::ranges::max_element(
      environment, {}, [](const auto& variable) { return variable.second.size(); });
  if (longest == environment.end()) return "function";
  const std::string_view name = longest->first;
  const auto of_entry = [&](std::string_view key) {
    return settings.buckets.empty() ? std::string(key) : config::path_of(entry, key);
  };
  const bool code_posts_here =
      config::uses_code_object(settings) && !settings.ingress.public_url.empty();
  if (name == cloud::kGatewayVariable) return "gateway.public_url";
  if (name == cloud::kTokenVariable) return "gateway.token";
  if (name == "VANUS_EVENTBUS") return "eventbus";
  if (name == "EVENT_GATEWAY") return code_posts_here ? "gateway.public_url" : "target";
  if (name == cloud::kTargetVariable) {
    const bool own = !settings.buckets.empty() && settings.buckets[entry].target != settings.target;
    return own ? of_entry("target") : "target";
  }
  if (name != "EVENT_SETTINGS") return "function";
  return settings.delivery.headers.empty() ? of_entry("event") : "delivery.headers";
}

}  // namespace

std::vector<cloud::Wanted> wanted_functions(const config::Settings& settings) {
  const auto entries = config::bucket_entries(settings);
  std::vector<cloud::Wanted> all;
  for (const auto& shared : config::shared_functions(entries)) {
    all.push_back(wanted_function(settings, shared, entries));
  }
  return all;
}

std::vector<config::Problem> problems_with_functions(const config::Settings& settings) {
  const auto shared = config::shared_functions(config::bucket_entries(settings));
  const auto wanted = wanted_functions(settings);
  std::vector<config::Problem> problems;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (auto problem = cloud::problem_with(wanted[i])) {
      const auto key = key_of_longest(wanted[i].environment, settings, shared[i].entries.front());
      problems.push_back({{}, {}, key, fmt::format("{}: {}", wanted[i].name, *problem)});
    }
  }
  return problems;
}

}  // namespace gateway
