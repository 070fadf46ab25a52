#include "support/event_binding.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace gateway::test {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Binding 3.1.3.2: printable ASCII without blank, double quote and bare percent.
bool is_encoded(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c < '!' || c > '~' || c == '"') return false;
    if (c != '%') continue;
    if (i + 2 >= value.size() || hex_digit(value[i + 1]) < 0 || hex_digit(value[i + 2]) < 0) {
      return false;
    }
    i += 2;
  }
  return true;
}

}  // namespace

std::string binding_violation(const RequestMessage& request) {
  if (request.method != "POST") return "method " + request.method;
  const std::string_view type = request.headers["Content-Type"];
  if (request.headers.count("Content-Type") > 1) return "two Content-Type";
  std::set<std::string> seen;
  for (const Header& field : request.headers.fields()) {
    if (field.name.size() < 3 || !equal_ignoring_case(field.name.substr(0, 3), "ce-")) continue;
    if (type.starts_with("application/cloudevents")) return field.name + " in " + std::string(type);
    if (!seen.insert(field.name).second) return "two " + field.name;
    if (!is_encoded(field.value)) return field.name + " is not encoded: " + field.value;
  }
  if (type.starts_with("application/cloudevents-batch+json")) {
    return request.body.starts_with('[') ? "" : "a batch that is no array";
  }
  if (type.starts_with("application/cloudevents+json")) {
    return request.body.starts_with('{') ? "" : "a structured event that is no object";
  }
  for (const char* name : {"ce-id", "ce-source", "ce-type"}) {
    if (request.headers[name].empty()) return std::string("no ") + name;
  }
  if (request.headers["ce-specversion"] != "1.0") return "ce-specversion is not 1.0";
  return {};
}

std::string percent_decoded(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '%' && i + 2 < value.size()) {
      text += static_cast<char>(hex_digit(value[i + 1]) * 16 + hex_digit(value[i + 2]));
      i += 2;
    } else {
      text += value[i];
    }
  }
  return text;
}

}  // namespace gateway::test
