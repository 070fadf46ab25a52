#include "gateway/config/render.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>

#include "cloud/function_name.hpp"
#include "gateway/config/checks.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/keys.hpp"

namespace gateway::config {
namespace {

namespace json = boost::json;

using Comments = std::map<std::string, std::string>;

std::string authentication(const Settings& settings) {
  if (settings.ingress.auth != Auth::automatic) return {};
  if (!settings.ingress.token.empty()) return "hmac, as gateway.token is set";
  if (!settings.credentials.secret_key.empty()) return "hmac, as secret_key is set";
  return "none, as neither gateway.token nor secret_key is set";
}

std::string code(const Settings& settings) {
  if (settings.function.code || !settings.function.provision) return {};
  if (!uses_code_object(settings)) return "the built-in relay is deployed";
  const FunctionCode code;
  return fmt::format("{}{} in {} is deployed", code.bucket, code.path, code.region);
}

std::string key_pair(const Settings& settings) {
  if (!settings.credentials.secret_id.empty() || !settings.function.provision) return {};
  if (settings.pod_identity)
    return "the pod's identity is used: " + settings.pod_identity->role_arn;
  if (settings.instance_role) return "the instance's role is used";
  return {};
}

Comments comments_on(const Settings& settings) {
  Comments comments;
  if (const auto endpoint =
          parse_endpoint(settings.target, settings.eventbus, settings.delivery.profile)) {
    comments["target"] = "events go to " + endpoint->url();
  }
  comments["secret_id"] = key_pair(settings);
  const auto& function = settings.function;
  if (function.name.empty()) {
    comments["function.name"] = "ce-source is " + settings.source();
  } else if (function.name ==
             cloud::derive_function_name(
                 {function.region, function.space, settings.bucket.endpoint, settings.eventbus})) {
    comments["function.name"] = "derived from region, namespace, bucket and eventbus";
  }
  comments["function.code"] = code(settings);
  if (!function.provision) comments["function.provision"] = "no cloud calls at all";
  if (settings.ingress.threads == 0) comments["gateway.threads"] = "one per usable core";
  comments["gateway.auth"] = authentication(settings);
  if (settings.spool.path.empty()) comments["spool.path"] = "no spool";
  if (settings.dead_letter.path.empty()) {
    comments["dead_letter.path"] = "a permanently refused record fails its post";
  }
  return comments;
}

// Returns the value of a scalar without quotes: a boolean, a number or text.
json::value plain_value(const YAML::Node& node) {
  bool truth = false;
  std::int64_t number = 0;
  double fraction = 0;
  if (YAML::convert<bool>::decode(node, truth)) return truth;
  if (YAML::convert<std::int64_t>::decode(node, number)) return number;
  if (YAML::convert<double>::decode(node, fraction)) return fraction;
  return json::string(node.Scalar());
}

json::value value_of(const YAML::Node& node) {
  constexpr const char* kQuoted = "!";
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      json::object object;
      for (const auto& member : node) object[member.first.Scalar()] = value_of(member.second);
      return object;
    }
    case YAML::NodeType::Sequence: {
      json::array array;
      for (const auto& element : node) array.push_back(value_of(element));
      return array;
    }
    case YAML::NodeType::Scalar:
      return node.Tag() == kQuoted ? json::string(node.Scalar()) : plain_value(node);
    default: return nullptr;
  }
}

}  // namespace

std::string render(const Settings& settings) {
  const auto comments = comments_on(settings);
  auto copy = settings;
  Keys keys(copy);
  return "# The configuration in effect; secrets are redacted.\n" +
         keys.root().print([&comments](const std::string& path) {
           const auto found = comments.find(path);
           return found == comments.end() ? std::string() : found->second;
         });
}

std::string render_json(const Settings& settings) {
  return json::serialize(value_of(YAML::Load(render(settings))));
}

}  // namespace gateway::config
