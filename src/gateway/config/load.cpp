#include "gateway/config/load.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "cloud/function_name.hpp"
#include "gateway/config/buckets.hpp"
#include "gateway/config/checks.hpp"
#include "gateway/config/keys.hpp"
#include "gateway/config/proxy_url.hpp"
#include "gateway/config/relations.hpp"
#include "gateway/config/report.hpp"

namespace gateway::config {
namespace {

constexpr std::string_view kConfigVariable = "CONNECTOR_CONFIG";
constexpr std::string_view kSecretVariable = "CONNECTOR_SECRET";

// An empty variable counts as none: manifests set them so to unset them.
std::string variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(std::string(name));
  return found == environment.end() ? std::string() : found->second;
}

// Carries one load from the defaults to checked settings.
class Loader {
 public:
  explicit Loader(const Environment& environment)
      : environment_(environment), settings_(defaults(environment)), keys_(settings_) {}

  Report& report() { return report_; }

  // A source that is there but cannot be read: what would be missing then is no news.
  void unreadable(std::string source, std::string message) {
    report_.enter(std::move(source));
    report_.problem({}, "", std::move(message));
    complete_ = false;
  }

  void read_config(const SourceText& config) {
    report_.set_main_source(config.name);
    read(config, Section::Only::everything);
  }

  void read_secret(const SourceText& secret) { read(secret, Section::Only::secrets); }

  void apply_environment();
  void apply_overrides(const std::vector<std::string>& overrides);

  // Derives what was left open and checks the whole. Once, at the end.
  void finish();

  Loaded result() {
    return Loaded{std::move(settings_), report_.take_problems(), report_.take_warnings()};
  }

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] bool complete() const { return complete_; }

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

  void read(const SourceText& source, Section::Only only);
  void fill_credentials();
  void find_pod_identity();
  void find_proxies();
  void derive();

  const Environment& environment_;
  Settings settings_;
  Keys keys_;  // bound to settings_
  Report report_;
  bool complete_ = true;
};

void Loader::read(const SourceText& source, Section::Only only) {
  report_.enter(source.name);
  auto document = read_yaml(source.text);
  keys_.root().read(document.root, only, keys_.root(), report_);
  for (auto& problem : document.problems) {
    report_.problem(problem.position, std::move(problem.key), std::move(problem.message));
    complete_ = false;
  }
  for (auto& warning : document.warnings) {
    report_.warning(warning.position, std::move(warning.key), std::move(warning.message));
  }
}

void Loader::apply_environment() {
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

void Loader::apply_overrides(const std::vector<std::string>& overrides) {
  for (const auto& override_text : overrides) {
    const auto equals = override_text.find('=');
    if (equals == std::string::npos || equals == 0) {
      report_.enter("--set");
      // Only the name: what follows it may be a secret with a wrong separator.
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

// Key pairs belong together, and a token belongs to its pair: that of the environment is taken
// only with both other parts from there.
void Loader::fill_credentials() {
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

void Loader::find_pod_identity() {
  cloud::PodIdentity identity;
  identity.region = variable(environment_, "TKE_REGION");
  identity.provider_id = variable(environment_, "TKE_PROVIDER_ID");
  identity.token_file = variable(environment_, "TKE_WEB_IDENTITY_TOKEN_FILE");
  identity.role_arn = variable(environment_, "TKE_ROLE_ARN");
  if (identity.complete()) settings_.pod_identity = std::move(identity);
}

// What delivery.proxy holds is checked with the rest; here it is only put to use.
void Loader::find_proxies() {
  settings_.environment_proxies =
      environment_proxies(environment_, [this](const std::string& variable, const BadProxy& why) {
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

void Loader::derive() {
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

void Loader::finish() {
  fill_credentials();
  find_pod_identity();
  find_proxies();
  keys_.finish(report_.given("function.code"));
  derive();
  if (!complete_) return;
  check(settings_, report_);
  check_relations(keys_.root(), report_);
}

// ---- files -------------------------------------------------------------------------------------

struct Found {
  std::string path;
  bool named;  // by the command line or the environment, so that it must exist
};

Found find(const std::optional<std::string>& option, std::string_view environment_variable,
           const std::string& default_path, const Environment& environment) {
  if (option) return {*option, true};
  if (auto path = variable(environment, environment_variable); !path.empty()) return {path, true};
  return {default_path, false};
}

// Of the folders that images of the original connector look in, the one that is there.
std::string default_path(const std::vector<std::string>& candidates) {
  std::error_code error;
  const auto there = std::find_if(candidates.begin(), candidates.end(), [&](const auto& path) {
    return std::filesystem::exists(path, error);
  });
  return there == candidates.end() ? candidates.front() : *there;
}

std::string unopened(const std::string& path, int error) {
  std::string text = "cannot be opened: " + std::generic_category().message(error);
  if (error == EACCES) {
    text += fmt::format(
        "; this runs as user {0}: make it readable for that user, as by "
        "`chown {0} {1}` or `chmod o+r {1}`",
        ::geteuid(), path);
  }
  return text;
}

// Whoever may write the file decides where events go, and with which keys.
void warn_if_anybody_writes(const std::string& path, const std::filesystem::file_status& status,
                            Report& report) {
  using std::filesystem::perms;
  if (!std::filesystem::is_regular_file(status) ||
      (status.permissions() & perms::others_write) == perms::none) {
    return;
  }
  report.enter(path);
  report.warning({}, "", fmt::format("anybody on this host can write it; `chmod o-w {}`", path));
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

// Nothing if there is no such file and none has to be.
std::optional<SourceText> read_file(const Found& found, Loader& loader) {
  std::error_code error;
  const auto status = std::filesystem::status(found.path, error);
  if (status.type() == std::filesystem::file_type::not_found && !found.named) return std::nullopt;
  if (std::filesystem::is_directory(status)) {
    loader.unreadable(found.path,
                      "is a directory; Docker makes one where a file to mount does not exist");
    return std::nullopt;
  }
  errno = 0;
  std::ifstream file(found.path, std::ios::binary);
  if (!file) {
    loader.unreadable(found.path, unopened(found.path, errno));
    return std::nullopt;
  }
  SourceText source;
  source.name = found.path;
  // One byte more than is allowed, for the reader to notice. A pipe has no size to ask for.
  source.text.resize(kMaxDocumentBytes + 1);
  file.read(source.text.data(), static_cast<std::streamsize>(source.text.size()));
  if (file.bad()) {
    loader.unreadable(found.path, "cannot be read: " + reason(errno));
    return std::nullopt;
  }
  source.text.resize(static_cast<std::size_t>(file.gcount()));
  warn_if_anybody_writes(found.path, status, loader.report());
  return source;
}

}  // namespace

Loaded load(const SourceTexts& texts) {
  Loader loader(texts.environment);
  if (texts.config) loader.read_config(*texts.config);
  if (texts.secret) loader.read_secret(*texts.secret);
  loader.apply_environment();
  loader.apply_overrides(texts.overrides);
  loader.finish();
  return loader.result();
}

Loaded load(const Sources& sources, const FileCheck& check_files) {
  Loader loader(sources.environment);
  const auto config_file = find(sources.config_path, kConfigVariable,
                                default_path(sources.default_config_paths), sources.environment);
  const auto secret_file = find(sources.secret_path, kSecretVariable,
                                default_path(sources.default_secret_paths), sources.environment);
  const auto config = read_file(config_file, loader);
  if (config) loader.read_config(*config);
  if (const auto secret = read_file(secret_file, loader)) loader.read_secret(*secret);
  loader.apply_environment();
  loader.apply_overrides(sources.overrides);
  loader.finish();
  if (check_files && loader.complete()) check_files(loader.settings(), loader.report());
  const bool file_is_missed = !config && loader.report().misses_keys();
  auto loaded = loader.result();
  if (file_is_missed) {
    loaded.problems.insert(
        loaded.problems.begin(),
        Problem{config_file.path,
                {},
                "",
                fmt::format("no such file; a configuration is looked for in --config FILE, in the "
                            "file environment {} names, and here",
                            kConfigVariable)});
  }
  return loaded;
}

// A process that starts has a new configuration, even if its file is older: whoever goes back to a
// former one restarts with it. But a container of Kubernetes that is started again in the middle of
// a rolling update has the configuration of its pod, which was mounted when the pod was made.
// Kubelet mounts a map by way of a link `..data` and sets the file's time then.
Duration configured_at(const Sources& sources) {
  const auto milliseconds = [](auto time) {
    return std::chrono::duration_cast<Duration>(time.time_since_epoch());
  };
  const Found file = find(sources.config_path, kConfigVariable,
                          default_path(sources.default_config_paths), sources.environment);
  std::error_code error;
  const auto folder = std::filesystem::path(file.path).parent_path();
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(folder / "..data", error))) {
    const auto written = std::filesystem::last_write_time(file.path, error);
    if (!error) return milliseconds(std::chrono::file_clock::to_sys(written));
  }
  return milliseconds(std::chrono::system_clock::now());
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace gateway::config
