#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/cloud_event.hpp"

// What the tests of the readers of CloudEvents share: an event in each mode, and what is a URI.
namespace gateway::events {

inline constexpr std::string_view kBadCharacter =
    "control character, noncharacter or invalid UTF-8 in an attribute";

inline std::vector<HeaderField> headers(
    std::initializer_list<std::pair<std::string_view, std::string_view>> more = {}) {
  std::vector<HeaderField> fields;
  const auto add = [&](std::string_view name, std::string_view value) {
    HeaderField field;
    field.name = name;
    field.value = value;
    fields.push_back(field);
  };
  add("ce-id", "1");
  add("ce-source", "/s");
  add("ce-specversion", "1.0");
  add("ce-type", "t");
  for (const auto& [name, value] : more) add(name, value);
  return fields;
}

// The four attributes that must be there, and more members.
inline std::string event_json(std::string_view more = "") {
  return R"({"specversion":"1.0","id":"1","source":"/s","type":"t")" + std::string(more) + "}";
}

struct UriRow {
  std::string_view value;
  bool reference;  // is a URI reference, as the source has to be
  bool absolute;   // is a URI with a scheme, as the schema has to be
};

inline constexpr UriRow kUris[] = {
    {"https://example.com/a/b?c=d&e=%20#f", true, true},
    {"urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", true, true},
    {"mailto:cncf@example.com", true, true},
    {"https://[2001:db8::1]:8080/", true, true},
    {"tag:example.com,2026:x", true, true},
    {"/cloudevents/spec/pull/123", true, false},
    {"cos.cloud.tencent", true, false},
    {"//host/path", true, false},
    {"?query", true, false},
    {"#fragment", true, false},
    {"a b", false, false},
    {"https://example.com/a b", false, false},
    {"/a%zz", false, false},
    {"/a%2", false, false},
    {"1a:b", false, false},
    {":a", false, false},
    {"http://[::1", false, false},
    {"a\"b", false, false},
    {"<a>", false, false},
    {"a\\\\b", false, false},
    {"/\xE6\x97\xA5", false, false},
};

}  // namespace gateway::events
