#include "support/scripted_cloud_rules.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "support/scripted_cloud_refusal.hpp"

namespace gateway::test {
namespace json = boost::json;
namespace {

// COS documentation "Event notification".
constexpr std::array<std::string_view, 12> kEvents{
    "cos:ObjectCreated:*",      "cos:ObjectCreated:Put",
    "cos:ObjectCreated:Post",   "cos:ObjectCreated:Copy",
    "cos:ObjectCreated:Origin", "cos:ObjectCreated:CompleteMultipartUpload",
    "cos:ObjectRemove:*",       "cos:ObjectCreated:Replication",
    "cos:ObjectRemove:Delete",  "cos:ObjectRemove:DeleteMarkerCreated",
    "cos:ObjectRestore:Post",   "cos:ObjectRestore:Completed"};

[[noreturn]] void refuse(const std::string& why) {
  throw CloudRefusal("InvalidParameterValue.TriggerDesc", "TriggerDesc " + why + ".");
}

bool blank_between_tokens(std::string_view text) {
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && std::string_view(" \t\r\n").find(text[i]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::string text_of(const json::value& value, std::string_view name) {
  if (!value.is_string()) refuse("has a " + std::string(name) + " that is no text");
  return std::string(value.get_string());
}

bool events_overlap(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const std::string_view category = a.substr(0, a.rfind(':'));
  return category == b.substr(0, b.rfind(':')) && (a.ends_with('*') || b.ends_with('*'));
}

}  // namespace

bool overlap(const BucketRule& a, const BucketRule& b) {
  return a.bucket == b.bucket && events_overlap(a.event, b.event) &&
         (a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix)) &&
         (a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix));
}

CosTriggerDescription parse_trigger_description(std::string_view text, bool returned) {
  if (blank_between_tokens(text)) refuse("has blanks");
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) refuse("is no JSON object");
  CosTriggerDescription description;
  for (const auto& [name, member] : value.get_object()) {
    if (name == "event") {
      description.event = text_of(member, name);
    } else if (name == "filter") {
      if (!member.is_object()) refuse("has a filter that is no object");
      for (const auto& [key, part] : member.get_object()) {
        if (key == "Prefix") {
          description.prefix = text_of(part, key);
        } else if (key == "Suffix") {
          description.suffix = text_of(part, key);
        } else {
          refuse("has an unknown filter " + std::string(key));
        }
      }
    } else if (name != "bucketUrl" || !returned) {
      refuse("has an unknown member " + std::string(name));
    }
  }
  if (std::find(kEvents.begin(), kEvents.end(), description.event) == kEvents.end()) {
    refuse("names no event of COS");
  }
  if (description.prefix.starts_with('/')) refuse("has a prefix with a leading slash");
  if (!description.suffix.empty() && !description.suffix.starts_with('.')) {
    refuse("has a suffix without a leading dot");
  }
  return description;
}

std::string trigger_description_text(std::string_view bucket,
                                     const CosTriggerDescription& description) {
  json::object filter;
  filter["Prefix"] = description.prefix;
  filter["Suffix"] = description.suffix;
  json::object members;
  members["bucketUrl"] = bucket;
  members["event"] = description.event;
  members["filter"] = std::move(filter);
  return json::serialize(members);
}

}  // namespace gateway::test
