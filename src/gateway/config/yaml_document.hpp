#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/report.hpp"

namespace gateway::config {

struct Member;

// A node of a YAML document: plain values that own their contents, with the position of each.
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

// Returns how a message names a value: "text", "a list" and so on.
[[nodiscard]] std::string_view kind_name(Value::Kind kind);

struct Document {
  Value root;
  std::vector<Problem> problems;  // without a source, which the caller knows
  std::vector<Problem> warnings;  // likewise
};

constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 20;

// Parses one document; an empty text gives null. Never throws because of the text: problems are in
// the result, together with what precedes the first of them. Besides bad syntax it refuses more
// than kMaxDocumentBytes, text that is not UTF-8 or contains NUL, tags other than !!str, nesting
// beyond that of any key, and several documents. Anchors, aliases and merge keys (<<) are accepted
// with a warning, as the original connector accepts them, but only few: a few lines of them can
// expand to gigabytes.
[[nodiscard]] Document read_yaml(std::string_view text);

}  // namespace gateway::config
