#include "gateway/config/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "cloud/bucket_endpoint.hpp"
#include "cloud/function_name.hpp"
#include "gateway/config/buckets.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/formats.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/config/nearest.hpp"
#include "runtime/ip_address.hpp"

namespace gateway::config {
namespace {

constexpr std::string_view kWhenProvisioning = "required, as function.provision is true";

// Reports a value that does not have the form that its key wants.
void require_form(bool has_it, const std::string& key, std::string_view form,
                  const std::string& value, Report& report) {
  if (!has_it) report.problem_with(key, "{}, got {}", form, quote(value));
}

void check_function_name(const std::string& key, const std::string& name, Report& report) {
  require_form(
      name.empty() || cloud::is_function_name(name), key,
      "expected 2 to 60 letters, digits, '-' and '_', a letter first and no '-' or '_' last", name,
      report);
}

void check_namespace(const std::string& key, const std::string& name, Report& report) {
  require_form(cloud::is_function_namespace(name), key,
               "expected up to 30 letters, digits, '-' and '_'", name, report);
}

void check_events(const Bucket& bucket, const std::string& path, Report& report) {
  report.require(!bucket.events.empty(), path, "at least one event is required");
  if (bucket.events.size() > kMostTriggers) {
    report.problem_with(path,
                        "{} events, but a function has at most {} COS triggers, one each; "
                        "cos:ObjectCreated:* and the like stand for whole families",
                        bucket.events.size(), kMostTriggers);
  }
  for (const auto& event : bucket.events) {
    const auto& known = known_events();
    if (std::ranges::find(known, event) != known.end()) continue;
    const auto meant = nearest(event, known);
    report.warning_about(path, "{} is no event that COS documents{}", quote(event),
                         meant ? fmt::format("; did you mean {}?", *meant) : "");
  }
  for (const auto& family : bucket.events) {
    if (!family.ends_with(":*")) continue;
    const std::string_view prefix(family.data(), family.size() - 1);
    for (const auto& event : bucket.events) {
      if (event == family || !event.starts_with(prefix)) continue;
      report.problem_with(path, "{} is among {}; a bucket refuses both", event, family);
    }
  }
}

// Checks the events, prefix and suffix of a bucket's triggers. `path` is `bucket` or `buckets[0]`.
void check_rule(const Bucket& bucket, const std::string& path, Report& report) {
  // SCF's rules for the filter of a COS trigger.
  if (bucket.prefix.starts_with('/')) {
    report.problem_with(path + ".prefix", "object keys have no leading '/'");
  }
  require_form(bucket.suffix.empty() || bucket.suffix.starts_with('.'), path + ".suffix",
               "must begin with '.'", bucket.suffix, report);
  if (!report.bad(path + ".events")) check_events(bucket, path + ".events", report);
}

void check_bucket(const Settings& settings, Report& report) {
  const auto& bucket = settings.bucket;
  report.require(!bucket.endpoint.empty(), "bucket.endpoint", kWhenProvisioning);
  check_endpoint(bucket.endpoint, "bucket.endpoint", report);
  const auto parsed = cloud::parse_bucket_endpoint(bucket.endpoint);
  if (parsed && !settings.function.region.empty() && parsed->region != settings.function.region) {
    report.warning_about("function.region",
                         "a COS trigger works within one region, and the bucket is in {}",
                         parsed->region);
  }
  check_rule(bucket, "bucket", report);
}

void check_entries(const Settings& settings, Report& report) {
  for (std::size_t i = 0; i < settings.buckets.size(); ++i) {
    const Bucket& bucket = settings.buckets[i].bucket;
    const Function& function = settings.buckets[i].function;
    check_rule(bucket, fmt::format("buckets[{}]", i), report);
    // Its function, as far as that differs from the top level's.
    const auto name = path_of(i, "function.name");
    const auto space = path_of(i, "function.namespace");
    if (report.given(name)) check_function_name(name, function.name, report);
    if (report.given(space)) check_namespace(space, function.space, report);
    const auto parsed = cloud::parse_bucket_endpoint(bucket.endpoint);
    if (!parsed || parsed->region == function.region) continue;
    const auto region = path_of(i, "function.region");
    report.problem_with(report.given(region) ? region : path_of(i, "endpoint"),
                        "a COS trigger works within one region: the bucket is in {}, and its "
                        "function would be in {}; set {} to {}",
                        parsed->region, quote(function.region), region, parsed->region);
  }
}

constexpr std::string_view kItself = "the function itself";

// Returns the network that keeps a function from reaching this host, or an empty text. A function
// runs in Tencent's network. It might reach private addresses of a VPC, but no key puts it in one.
std::string_view unreachable(const std::string& host) {
  // RFC 1918, RFC 6598 (carrier-grade NAT), RFC 3927 (link-local); RFC 4193, RFC 4291 (link-local).
  constexpr std::pair<const char*, unsigned short> kPrivate[] = {
      {"10.0.0.0", 8},     {"172.16.0.0", 12}, {"192.168.0.0", 16}, {"100.64.0.0", 10},
      {"169.254.0.0", 16}, {"fc00::", 7},      {"fe80::", 10}};
  const auto address = ip_address(host);
  if (!address) return host == "localhost" ? kItself : "";
  if (address->is_loopback() || address->is_unspecified()) return kItself;
  const bool is_private = std::ranges::any_of(kPrivate, [&](const auto& network) {
    return in_network(*address, boost::asio::ip::make_address(network.first), network.second);
  });
  return is_private ? "a private network" : "";
}

void check_function(const Settings& settings, Report& report) {
  const auto& function = settings.function;
  // That of a list follows from its first entry, whose endpoint has been checked.
  if (settings.buckets.empty()) {
    report.require(!function.region.empty(), "function.region", kWhenProvisioning);
  }
  require_form(function.region.empty() || cloud::is_region(function.region), "function.region",
               "expected a region such as ap-beijing", function.region, report);
  check_function_name("function.name", function.name, report);
  check_namespace("function.namespace", function.space, report);
  require_form(uses_code_object(settings) || function.runtime.starts_with("Nodejs"),
               "function.runtime",
               "expected a Node.js runtime such as Nodejs18.15, which the built-in relay needs",
               function.runtime, report);
  const auto api = parse_http_url(function.api);
  if (api && !api->tls && unreachable(api->host) != kItself) {
    report.warning_about("function.api",
                         "is an http URL: whoever listens on the way has what the function is "
                         "given, gateway.token and delivery.headers included");
  }
}

void check_reachable(const std::string& key, const std::string& host, Report& report) {
  if (const auto where = unreachable(host); !where.empty()) {
    report.warning_about(key,
                         "{} is an address of {}, so that the function cannot "
                         "reach it from Tencent's network",
                         quote(host), where);
  }
}

bool is_original_object(const FunctionCode& code) {
  const FunctionCode original;
  return code.bucket == original.bucket && code.path == original.path;
}

constexpr std::string_view kWaysOut =
    "remove function.code, and the built-in relay is deployed, which signs; or set gateway.auth: "
    "none, with which whoever reaches gateway.listen can send events";

// Checks a function whose code comes from a COS object and posts to this gateway.
void check_code_behind_public_url(const Settings& settings, const HttpUrl& url, Report& report) {
  const auto& ingress = settings.ingress;
  if (!report.bad("gateway.auth") && ingress.auth != Auth::none) {
    if (ingress.auth == Auth::automatic || is_original_object(*settings.function.code)) {
      report.problem_with(
          "gateway.auth",
          "{} has every post of function.code refused, as that code cannot sign: {}",
          ingress.auth == Auth::hmac ? "hmac" : "auto", kWaysOut);
    } else {
      report.warning_about("gateway.auth",
                           "hmac has every post refused that the code of function.code does not "
                           "sign itself; the built-in relay, without function.code, does");
    }
  }
  if (url.tls) {
    report.warning_about(
        "gateway.public_url",
        "the code of function.code gets no more of it than {} and speaks plain http "
        "to that; remove function.code, and the built-in relay speaks https",
        url.authority);
  }
}

// A function that sends to the target itself knows one target and no patterns.
void check_entries_of_function(const SharedFunction& function, const Settings& settings,
                               Report& report) {
  const std::size_t first = function.entries.front();
  const BucketEntry& one = settings.buckets[first];
  for (const std::size_t number : function.entries) {
    const BucketEntry& entry = settings.buckets[number];
    for (const auto& [key, patterns] :
         {std::pair("include", &entry.include), std::pair("exclude", &entry.exclude)}) {
      if (patterns->empty()) continue;
      report.problem_with(path_of(number, key),
                          "needs gateway.public_url: without it the function sends every event of "
                          "the bucket to the target itself");
    }
    if (entry.target == one.target && entry.eventbus == one.eventbus && entry.event == one.event) {
      continue;
    }
    report.problem_with(path_of(number, "endpoint"),
                        "shares its function with buckets[{}], but not target, eventbus and event: "
                        "without gateway.public_url a function sends to one target; set "
                        "gateway.public_url, or give the entry a function.name of its own",
                        first);
  }
}

void check_target_of_function(const Settings& settings, Report& report) {
  for (const auto& function : shared_functions(settings.buckets)) {
    check_entries_of_function(function, settings, report);
  }
  if (report.bad("target") || settings.target.empty()) return;
  if (settings.function.code) {
    report.warning_about("gateway.public_url",
                         "empty: the code of function.code sends to target itself; no event comes "
                         "through this gateway");
    report.require(!settings.eventbus.empty(), "eventbus", "required by the code of function.code");
    std::string_view address = settings.target;
    if (address.starts_with("http://")) address.remove_prefix(7);
    if (address.find('/') != std::string_view::npos) {
      report.warning_about("target",
                           "the original connector's function sends to host:port over http only");
    }
    return;
  }
  report.warning_about("gateway.public_url",
                       "empty: the function makes the CloudEvents and sends them to target "
                       "itself; no event comes through this gateway, its spool and its metrics");
  const auto endpoint =
      parse_endpoint(settings.target, settings.eventbus, settings.delivery.profile);
  if (!endpoint) return;
  check_reachable("target", endpoint->host, report);
  if (settings.delivery.tls.any() || !settings.delivery.tls.verify) {
    report.warning_about("delivery.tls",
                         "has no effect without gateway.public_url: the function trusts public "
                         "certificates only and has none of its own");
  }
  if (!settings.delivery.status.empty()) {
    report.warning_about("delivery.status",
                         "has no effect without gateway.public_url: the function takes any 2xx as "
                         "an acknowledgement");
  }
}

// Checks what the built-in relay needs of this gateway.
void check_gateway_of_relay(const Settings& settings, Report& report) {
  // The relay waits 27 s for an answer (src/cloud/relay/index.js), which needs time to come.
  constexpr auto kPatience = std::chrono::seconds(25);
  if (settings.delivery.deadline > kPatience) {
    report.warning_about("delivery.deadline",
                         "leaves no time for the answer, for which the relay waits 27 s: it posts "
                         "again meanwhile, and events come twice; set 25s or less");
  }
  if (!settings.ingress.tls.ca.empty()) {
    report.warning_about("gateway.tls.client_ca",
                         "asks for a certificate, which the relay has not: its posts only come in "
                         "through a proxy that has one");
  }
}

// Checks the code that the function runs: it decides whether events come to this gateway, and how.
void check_relay(const Settings& settings, Report& report) {
  const auto& ingress = settings.ingress;
  const auto& code = settings.function.code;
  if (code && !report.bad("function.code.path")) {
    require_form(code->path.starts_with('/'), "function.code.path", "must begin with '/'",
                 code->path, report);
  }
  if (report.bad("gateway.public_url")) return;
  if (ingress.public_url.empty()) return check_target_of_function(settings, report);
  const auto url = parse_http_url(ingress.public_url);
  if (!url) return;  // its format has been checked
  check_reachable("gateway.public_url", url->host, report);
  if (code) {
    check_code_behind_public_url(settings, *url, report);
  } else {
    check_gateway_of_relay(settings, report);
  }
}

void check_credentials(const Settings& settings, Report& report) {
  const auto& [id, key, token] = settings.credentials;
  if ((settings.pod_identity || settings.instance_role) && id.empty() && key.empty() &&
      !report.bad("secret_id") && !report.bad("secret_key")) {
    return;
  }
  report.require(!id.empty(), "secret_id", kWhenProvisioning);
  report.require(!key.empty(), "secret_key", kWhenProvisioning);
}

}  // namespace

void check_provisioning(const Settings& settings, Report& report) {
  if (settings.buckets.empty()) {
    check_bucket(settings, report);
  } else {
    check_entries(settings, report);
  }
  check_function(settings, report);
  check_relay(settings, report);
  check_credentials(settings, report);
}

}  // namespace gateway::config
