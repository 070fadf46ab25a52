#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/problem.hpp"

namespace gateway::config {

struct Member;

// A node of a YAML document: plain values that own what they hold, with the place of each.
struct Value {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  Position position;
  std::string text;     // of a scalar, as it is after unquoting
  bool quoted = false;  // '12', "12" and !!str 12 are text; 12 may be a number
  std::vector<Value> items;
  std::vector<Member> members;  // in the order of the text, equal names included
};

struct Member {
  std::string name;
  Position position;  // of the name
  Value value;
  std::optional<Position> repeats;  // where the same name stood before in this map
};

// `text`, or "a list" and the like: how a message names what it found.
[[nodiscard]] std::string_view kind_name(Value::Kind kind);

struct Document {
  Value root;
  std::vector<Problem> problems;  // without a source, which the caller knows
  std::vector<Problem> warnings;  // likewise
};

constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 20;

// Reads one document, empty text giving null. Never throws for bad text: its problems are in the
// result, with what stood before the first of them. Refused besides bad syntax: more than
// kMaxDocumentBytes, text that is not UTF-8 or holds NUL, tags other than !!str, nesting beyond any
// key's, and several documents. Anchors, aliases and merge keys (<<) are taken with a warning, as
// the original connector takes them, but only few: a few lines of them expand to gigabytes.
[[nodiscard]] Document read_yaml(std::string_view text);

}  // namespace gateway::config
