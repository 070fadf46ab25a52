#pragma once
#include <simdjson.h>

#include <optional>
#include <string_view>

namespace gateway::test {

// Whether simdjson's own parser finds the text to be JSON. Empty where it refuses by policy what
// the grammar allows (numbers out of range, lone surrogates, depth), or where its releases differ
// (byte order mark).
inline std::optional<bool> simdjson_verdict(simdjson::dom::parser& parser, std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return std::nullopt;
  switch (parser.parse(text.data(), text.size(), true).error()) {
    case simdjson::SUCCESS: return true;
    case simdjson::TAPE_ERROR:
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
    case simdjson::UTF8_ERROR:
    case simdjson::EMPTY:
    case simdjson::UNESCAPED_CHARS:
    case simdjson::UNCLOSED_STRING: return false;
    default: return std::nullopt;
  }
}

}  // namespace gateway::test
