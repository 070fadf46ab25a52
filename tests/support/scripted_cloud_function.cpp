#include "support/scripted_cloud_function.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <regex>

#include "support/scripted_cloud_parameters.hpp"
#include "support/scripted_cloud_refusal.hpp"
#include "support/scripted_cloud_signature.hpp"

namespace gateway::test {
namespace json = boost::json;
namespace {

constexpr std::array<std::string_view, 19> kRuntimes{
    "Python2.7",   "Python3.6",   "Python3.7",   "Python3.9",    "Python3.10",
    "Nodejs6.10",  "Nodejs8.9",   "Nodejs10.15", "Nodejs12.16",  "Nodejs14.18",
    "Nodejs16.13", "Nodejs18.15", "Php5.6",      "Php7",         "Php7.4",
    "Php8.0",      "Go1",         "Java8",       "CustomRuntime"};
constexpr std::size_t kLongestDescription = 1000;
constexpr std::size_t kLargestEnvironment = 4096;
constexpr std::int64_t kLargestMemory = 3072;
constexpr std::int64_t kLongestTimeout = 900;
constexpr std::int64_t kLongestInitTimeout = 300;

[[noreturn]] void invalid(std::string_view what, const std::string& why) {
  throw CloudRefusal("InvalidParameterValue." + std::string(what), why);
}

bool matches(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern));
}

std::string decode_base64(const std::string& text) {
  const bool shaped = !text.empty() && text.size() % 4 == 0 &&
                      text.find_first_not_of(
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                          "0123456789+/=") == std::string::npos;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = shaped ? ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                              reinterpret_cast<const unsigned char*>(text.data()),
                                              static_cast<int>(text.size()))
                          : -1;
  if (size < 0) invalid("ZipFileBase64BinasciiError", "ZipFile is no Base64: Incorrect padding.");
  // OpenSSL counts the padding as bytes.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

// By its signatures: a first file, and an end of the central directory.
void require_zip(const std::string& bytes) {
  if (!bytes.starts_with("PK\x03\x04") || bytes.rfind("PK\x05\x06") == std::string::npos) {
    invalid("ZipFile", "ZipFile is no zip archive.");
  }
}

void require_handler(const CloudFunction& function) {
  const bool script =
      function.runtime.starts_with("Node") || function.runtime.starts_with("Python");
  constexpr const char* kScript =
      "[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z]\\.[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z]";
  constexpr const char* kOther = "[A-Za-z][A-Za-z0-9_.:-]{0,118}[A-Za-z]";
  if (!matches(function.handler, script ? kScript : kOther)) {
    invalid("Handler", function.handler + " is no handler of " + function.runtime + ".");
  }
}

std::vector<std::pair<std::string, std::string>> read_environment(const json::object& given) {
  std::vector<std::pair<std::string, std::string>> variables;
  const json::value* list = given.if_contains("Variables");
  if (list == nullptr) return variables;
  std::size_t size = 0;
  for (const json::value& entry : list->get_array()) {
    const std::string key = text_member(entry.get_object(), "Key");
    const std::string value = text_member(entry.get_object(), "Value");
    // The documented way to clear them all.
    if (key.empty() && value.empty() && list->get_array().size() == 1) return variables;
    if (!matches(key, "[A-Za-z][A-Za-z0-9_]*")) invalid("Environment", "Bad key " + key + ".");
    if (value.empty()) invalid("Environment", "The value of " + key + " is empty.");
    for (const std::string_view prefix : {"SCF_", "QCLOUD_", "TENCENTCLOUD_", "TECENTCLOUD_"}) {
      if (key.starts_with(prefix)) {
        invalid("EnvironmentSystemProtect", "The key " + key + " is reserved.");
      }
    }
    size += key.size() + value.size();
    variables.emplace_back(key, value);
  }
  if (size > kLargestEnvironment) {
    invalid("EnvironmentExceededLimit", "The environment has more than 4 KB.");
  }
  return variables;
}

void apply_network(const json::object& parameters, CloudFunction& function) {
  if (const json::value* net = parameters.if_contains("PublicNetConfig")) {
    const json::object& config = net->get_object();
    require_choice(config, "PublicNetStatus", {"ENABLE", "DISABLE"},
                   "InvalidParameterValue.PublicNetConfig");
    function.public_net = text_member(config, "PublicNetStatus");
    if (const json::value* ip = config.if_contains("EipConfig")) {
      require_choice(ip->get_object(), "EipStatus", {"ENABLE", "DISABLE"},
                     "InvalidParameterValue.PublicNetConfig");
      function.public_ip = text_member(ip->get_object(), "EipStatus");
    }
  }
  if (const json::value* vpc = parameters.if_contains("VpcConfig")) {
    function.vpc = text_member(vpc->get_object(), "VpcId");
    function.subnet = text_member(vpc->get_object(), "SubnetId");
  }
}

void require_numbers(const json::object& parameters) {
  const std::int64_t memory = integer_member(parameters, "MemorySize", 128);
  if (memory > kLargestMemory) throw CloudRefusal("LimitExceeded.Memory", "At most 3072 MB.");
  if (memory != 64 && (memory < 128 || memory % 128 != 0)) {
    invalid("MemorySize", "MemorySize is 64 or a multiple of 128.");
  }
  const std::int64_t timeout = integer_member(parameters, "Timeout", 3);
  if (timeout > kLongestTimeout) throw CloudRefusal("LimitExceeded.Timeout", "At most 900 s.");
  if (timeout < 1) throw CloudRefusal("InvalidParameterValue", "Timeout is at least 1 s.");
  const std::int64_t start = integer_member(parameters, "InitTimeout", 65);
  if (start < 1 || start > kLongestInitTimeout) {
    throw CloudRefusal("LimitExceeded.InitTimeout", "At most 300 s.");
  }
}

// The documentation has letters, digits, blanks, commas, newlines, full stops and Chinese; hyphens
// are in use as well.
void require_description(const std::string& text) {
  if (text.size() > kLongestDescription) invalid("Description", "Description is too long.");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && byte < 0x80 && std::string_view(" ,.\n-").find(c) == std::string_view::npos) {
      invalid("Description", fmt::format("Description cannot hold '{}'.", c));
    }
  }
}

// Chinese time, whatever the region.
std::string time_text(std::chrono::sys_seconds time) {
  const auto local = time + std::chrono::hours(8);
  const std::chrono::hh_mm_ss clock(local - std::chrono::floor<std::chrono::days>(local));
  return fmt::format("{} {:02}:{:02}:{:02}", utc_date(local.time_since_epoch().count()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

json::array pairs_answer(const std::vector<std::pair<std::string, std::string>>& pairs) {
  json::array list;
  for (const auto& [key, value] : pairs) {
    list.push_back(json::object{{"Key", key}, {"Value", value}});
  }
  return list;
}

}  // namespace

bool CloudFunction::in_transit() const {
  return status == "Creating" || status == "Updating" || status == "Deleting";
}

json::object trigger_answer(const CloudTrigger& trigger) {
  const bool cos = trigger.type == "cos";
  return {
      {"AddTime", time_text(trigger.added)},
      {"ModTime", time_text(trigger.modified)},
      {"AvailableStatus", "Available"},
      {"Enable", trigger.enabled ? 1 : 0},  // an integer here, a word in the request
      {"Qualifier", trigger.qualifier},
      {"TriggerName", trigger.name},
      {"Type", trigger.type},
      {"TriggerDesc", cos ? trigger_description_text(trigger.name, trigger.cos) : trigger.other},
      {"CustomArgument", trigger.custom_argument},
      {"Description", trigger.description},
      {"ResourceId", ""},
      {"BindStatus", "on"},
      {"TriggerAttribute", "single"}};
}

json::object function_answer(const CloudFunction& function) {
  json::array reasons;
  for (const CloudStatusReason& reason : function.reasons) {
    reasons.push_back(json::object{{"ErrorCode", reason.code}, {"ErrorMessage", reason.message}});
  }
  json::array triggers;
  for (const CloudTrigger& trigger :
       function.stale_reads != 0 ? function.listed : function.triggers) {
    triggers.push_back(trigger_answer(trigger));
  }
  return {{"FunctionName", function.name},
          {"Namespace", function.space},
          {"FunctionId", fmt::format("lam-{:08x}", function.number)},
          {"FunctionVersion", "$LATEST"},
          {"Qualifier", "$LATEST"},
          {"Type", function.type},
          {"Status", function.status},
          {"StatusDesc", function.status_text},
          {"StatusReasons", std::move(reasons)},
          {"AvailableStatus", function.available},
          {"Runtime", function.runtime},
          {"Handler", function.handler},
          {"Description", function.description},
          {"MemorySize", function.memory},
          {"Timeout", function.timeout},
          {"InitTimeout", function.init_timeout},
          {"Role", function.role},
          {"Environment", {{"Variables", pairs_answer(function.environment)}}},
          {"Tags", pairs_answer(function.tags)},
          {"CodeSize", function.code.zip.size()},
          {"CodeInfo", ""},
          {"CodeResult", "success"},
          {"CodeError", ""},
          {"ErrNo", 0},
          {"AsyncRunEnable", function.async_run},
          {"TraceEnable", "FALSE"},
          {"InstallDependency", function.install_dependency},
          {"VpcConfig", {{"VpcId", function.vpc}, {"SubnetId", function.subnet}}},
          {"PublicNetConfig",
           {{"PublicNetStatus", function.public_net},
            {"EipConfig", {{"EipStatus", function.public_ip}, {"EipAddress", json::array{}}}}}},
          {"EipConfig", {{"EipFixed", "FALSE"}, {"Eips", json::array{}}}},
          // "May return null", as the reference says.
          {"AccessInfo", nullptr},
          {"ImageConfig", nullptr},
          {"ProtocolType", nullptr},
          {"DeadLetterConfig", {{"Type", ""}, {"Name", ""}, {"FilterType", ""}}},
          {"ClsLogsetId", ""},
          {"ClsTopicId", ""},
          {"UseGpu", "FALSE"},
          {"OnsEnable", "FALSE"},
          {"DnsCache", "FALSE"},
          {"Layers", json::array{}},
          {"Triggers", std::move(triggers)},
          {"AddTime", time_text(function.added)},
          {"ModTime", time_text(function.modified)}};
}

json::object listed_function_answer(const CloudFunction& function) {
  json::object all = function_answer(function);
  json::object listed;
  for (const std::string_view member :
       {"FunctionName", "Namespace", "FunctionId", "Status", "StatusDesc", "StatusReasons",
        "Description", "Runtime", "Type", "Tags", "AddTime", "ModTime", "AsyncRunEnable",
        "TraceEnable"}) {
    listed[member] = all[member];
  }
  listed["TotalProvisionedConcurrencyMem"] = nullptr;
  listed["ReservedConcurrencyMem"] = nullptr;
  return listed;
}

void apply_code(const json::object& parameters, CloudFunction& function) {
  const json::value* nested = parameters.if_contains("Code");
  const json::object& code = nested == nullptr ? parameters : nested->get_object();
  const bool inline_code = code.contains("ZipFile");
  const bool from_cos = code.contains("CosBucketName") || code.contains("CosObjectName");
  if (!inline_code && !from_cos) throw CloudRefusal("MissingParameter.Code", "There is no code.");
  if (inline_code && from_cos) invalid("Code", "There is more than one source of code.");
  require_choice(parameters, "CodeSource", {inline_code ? "ZipFile" : "Cos"},
                 "InvalidParameterValue.CodeSource");
  CloudCode taken;
  if (inline_code) {
    taken.zip = decode_base64(text_member(code, "ZipFile"));
    require_zip(taken.zip);
  } else {
    taken.bucket = text_member(code, "CosBucketName");
    taken.region = text_member(code, "CosBucketRegion", function.region);
    taken.path = text_member(code, "CosObjectName");
    if (taken.bucket.empty()) invalid("CosBucketName", "CosBucketName is missing.");
    if (!matches(taken.path, "/.+\\.(zip|jar)")) {
      invalid("CosObjectName", "CosObjectName is no path of a .zip or .jar.");
    }
  }
  function.code = std::move(taken);
  function.handler = text_member(parameters, "Handler", function.handler);
  require_handler(function);
}

void apply_configuration(const json::object& parameters, CloudFunction& function) {
  function.runtime = text_member(parameters, "Runtime", function.runtime);
  if (std::find(kRuntimes.begin(), kRuntimes.end(), function.runtime) == kRuntimes.end()) {
    invalid("Runtime", function.runtime + " is no runtime.");
  }
  require_numbers(parameters);
  function.memory = integer_member(parameters, "MemorySize", function.memory);
  function.timeout = integer_member(parameters, "Timeout", function.timeout);
  function.init_timeout = integer_member(parameters, "InitTimeout", function.init_timeout);
  function.description = text_member(parameters, "Description", function.description);
  require_description(function.description);
  function.role = text_member(parameters, "Role", function.role);
  require_choice(parameters, "InstallDependency", {"TRUE", "FALSE"}, "InvalidParameterValue");
  function.install_dependency =
      text_member(parameters, "InstallDependency", function.install_dependency);
  if (const json::value* environment = parameters.if_contains("Environment")) {
    function.environment = read_environment(environment->get_object());
  }
  apply_network(parameters, function);
}

}  // namespace gateway::test
