#include "gateway/config/load.hpp"

#include <fmt/format.h>

#include <utility>

#include "cloud/function_name.hpp"
#include "gateway/config/buckets.hpp"
#include "gateway/config/checks.hpp"
#include "gateway/config/keys.hpp"
#include "gateway/config/proxy_url.hpp"
#include "gateway/config/source_files.hpp"

namespace gateway::config {
namespace {

// Carries one load from the defaults to checked settings.
class Loader {
 public:
  explicit Loader(const Environment& environment)
      : environment_(environment), settings_(defaults(environment)), keys_(settings_) {}

  // Call once.
  Loaded load(const SourceFile& config, const SourceFile& secret,
              const std::vector<std::string>& overrides, const FileCheck& check_files) {
    read(config, Section::Only::everything);
    read(secret, Section::Only::secrets);
    apply_environment();
    apply_overrides(overrides);
    fill_credentials();
    find_pod_identity();
    find_proxies();
    keys_.finish(report_.given("function.code"));
    derive();
    if (complete_) check_all(check_files);
    const bool file_is_missed = !config.text && !config.name.empty() && report_.misses_keys();
    Loaded loaded{std::move(settings_), report_.take_problems(), report_.take_warnings()};
    if (file_is_missed) {
      Problem missed{config.name,
                     {},
                     "",
                     fmt::format("no such file; a configuration is looked for in --config FILE, in "
                                 "the file environment {} names, and here",
                                 kConfigVariable)};
      loaded.problems.insert(loaded.problems.begin(), std::move(missed));
    }
    return loaded;
  }

 private:
  static Settings defaults(const Environment& environment) {
    Settings settings;
    // A pod is replaced by another of the same name and configuration, which would find its
    // function gone; `docker stop` is the documented way to clean up.
    if (!variable(environment, "KUBERNETES_SERVICE_HOST").empty()) {
      settings.function.on_stop = OnStop::keep_function;
    }
    return settings;
  }

  void read(const SourceFile& source, Section::Only only) {
    report_.enter(source.name);
    if (!source.problem.empty()) {
      report_.problem({}, "", source.problem);
      complete_ = false;
    }
    if (!source.warning.empty()) report_.warning({}, "", source.warning);
    if (!source.text) return;
    if (only == Section::Only::everything) report_.set_main_source(source.name);
    auto document = read_yaml(*source.text);
    keys_.root().read(document.root, only, keys_.root(), report_);
    for (auto& problem : document.problems) {
      report_.problem(problem.position, std::move(problem.key), std::move(problem.message));
      complete_ = false;
    }
    for (auto& warning : document.warnings) {
      report_.warning(warning.position, std::move(warning.key), std::move(warning.message));
    }
  }

  void apply_environment() {
    if (!report_.given("debug") && variable(environment_, kLogLevelVariable) == "debug") {
      settings_.debug = true;
    }
    if (const auto target = variable(environment_, kTargetVariable); !target.empty()) {
      report_.enter(fmt::format("environment {}", kTargetVariable));
      keys_.root().set("target", target, report_);
    }
    if (const auto port = variable(environment_, kPortVariable); !port.empty()) {
      report_.enter(fmt::format("environment {}", kPortVariable));
      const auto format = integer(0U, 65'535U);
      if (const auto parsed = format.parse({port, false}).value) {
        settings_.ingress.listen.port = static_cast<std::uint16_t>(*parsed);
        report_.gave("gateway.listen", {});
      } else {
        report_.problem({}, "gateway.listen", "expected {}, got {}", format.expected, quote(port));
        report_.gave_bad("gateway.listen", {});
      }
    }
  }

  void apply_overrides(const std::vector<std::string>& overrides) {
    for (const auto& override_text : overrides) {
      const auto equals = override_text.find('=');
      if (equals == std::string::npos || equals == 0) {
        report_.enter("--set");
        // Only the name is shown: the text behind it may be a secret after a wrong separator.
        constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz_.";
        const auto name = override_text.substr(0, override_text.find_first_not_of(kNameCharacters));
        report_.problem({}, "",
                        "expected key=value such as delivery.pipeline=16, got {} without "
                        "the '='",
                        quote(name));
        continue;
      }
      const auto key = override_text.substr(0, equals);
      report_.enter("--set " + key);
      keys_.root().set(key, std::string_view(override_text).substr(equals + 1), report_);
    }
  }

  // Fills credentials from the environment. The two keys and the token belong together, so the
  // token is taken only if both keys come from there.
  void fill_credentials() {
    auto& credentials = settings_.credentials;
    bool whole_pair = true;
    const auto fill = [&](Secret& secret, const std::string& key, std::string_view name) {
      if (!secret.empty() || report_.bad(key)) {
        whole_pair = false;
        return;
      }
      const auto value = variable(environment_, name);
      if (value.empty()) return;
      report_.enter(fmt::format("environment {}", name));
      Value scalar;
      scalar.kind = Value::Kind::scalar;
      scalar.text = value;
      scalar_field(secret, secret_text()).read(key, scalar, report_);
    };
    fill(credentials.secret_id, "secret_id", kSecretIdVariable);
    fill(credentials.secret_key, "secret_key", kSecretKeyVariable);
    if (whole_pair) fill(credentials.session_token, "session_token", kTokenVariable);
  }

  void find_pod_identity() {
    cloud::PodIdentity identity;
    identity.region = variable(environment_, "TKE_REGION");
    identity.provider_id = variable(environment_, "TKE_PROVIDER_ID");
    identity.token_file = variable(environment_, "TKE_WEB_IDENTITY_TOKEN_FILE");
    identity.role_arn = variable(environment_, "TKE_ROLE_ARN");
    if (identity.complete()) settings_.pod_identity = std::move(identity);
  }

  // Derives the proxies to use. Whether delivery.proxy is valid is checked later.
  void find_proxies() {
    settings_.environment_proxies = environment_proxies(
        environment_, [this](const std::string& variable, const BadAddress& why) {
          report_.enter("environment " + variable);
          report_.warning({}, "",
                          "names no proxy that can be used, so there is none: " + why.message());
        });
    auto& delivery = settings_.delivery;
    const std::string& given = delivery.proxy.reveal();
    if (given.empty()) {
      delivery.proxies = settings_.environment_proxies;
    } else if (given != kNoProxy) {
      if (const auto proxy = parse_proxy(given)) delivery.proxies = ProxyRules(*proxy);
    }
  }

  void derive() {
    auto& function = settings_.function;
    const auto& endpoint = settings_.bucket.endpoint;
    if (function.name.empty() && !endpoint.empty() && !function.region.empty()) {
      function.name = cloud::derive_function_name(
          {function.region, function.space, endpoint, settings_.eventbus});
    }
    if (uses_code_object(settings_) && !report_.given("function.runtime")) {
      function.runtime = kCodeObjectRuntime;
    }
    complete_buckets(settings_, report_);
  }

  void check_all(const FileCheck& check_files) {
    check(settings_, report_);
    check_relations(keys_.root(), report_);
    if (check_files) check_files(settings_, report_);
  }

  const Environment& environment_;
  Settings settings_;
  Keys keys_;  // bound to settings_
  Report report_;
  bool complete_ = true;  // all sources could be read; else what is missing is no news
};

SourceFile file_of(const std::optional<SourceText>& source) {
  return source ? SourceFile{source->name, source->text} : SourceFile{};
}

}  // namespace

Loaded load(const SourceTexts& texts) {
  return Loader(texts.environment)
      .load(file_of(texts.config), file_of(texts.secret), texts.overrides, {});
}

Loaded load(const Sources& sources, const FileCheck& check_files) {
  return Loader(sources.environment)
      .load(read_config_file(sources), read_secret_file(sources), sources.overrides, check_files);
}

}  // namespace gateway::config
