// A pattern, a line end, and a key: what compiles decides as a plain reading of the rules does, and
// agrees with the search for keys.
#include <string>
#include <string_view>
#include <vector>

#include "events/utf8.hpp"
#include "fuzz/require.hpp"
#include "gateway/routing/key_search.hpp"
#include "gateway/routing/pattern.hpp"

namespace {

using gateway::events::utf8_code_point;
using gateway::events::utf8_sequence_length;

using Characters = std::u32string;

Characters characters(std::string_view text) {
  Characters out;
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_length(text);
    out += utf8_code_point(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

// Decides by the rules' text, character by character, whatever time that takes; `known` remembers
// which pairs of rests do not match.
class PlainReading {
 public:
  PlainReading(Characters pattern, Characters key)
      : pattern_(std::move(pattern)),
        key_(std::move(key)),
        missed_((pattern_.size() + 1) * (key_.size() + 1)) {}

  bool matches(std::size_t p = 0, std::size_t k = 0) {
    const std::size_t pair = p * (key_.size() + 1) + k;
    if (missed_[pair]) return false;
    if (decide(p, k)) return true;
    missed_[pair] = true;
    return false;
  }

 private:
  bool decide(std::size_t p, std::size_t k) {
    if (p == pattern_.size()) return k == key_.size();
    const char32_t c = pattern_[p];
    const bool segment = p == 0 || (pattern_[p - 1] == '/');
    if (c == '*' && p + 1 < pattern_.size() && pattern_[p + 1] == '*') {
      std::size_t end = p;
      while (end < pattern_.size() && pattern_[end] == '*') ++end;
      if (segment && end < pattern_.size() && pattern_[end] == '/') {
        if (matches(end + 1, k)) return true;
        for (std::size_t i = k; i < key_.size(); ++i) {
          if (key_[i] == '/' && matches(end + 1, i + 1)) return true;
        }
        return false;
      }
      for (std::size_t i = k; i <= key_.size(); ++i) {
        if (matches(end, i)) return true;
      }
      return false;
    }
    if (c == '*') {
      for (std::size_t i = k; i <= key_.size(); ++i) {
        if (matches(p + 1, i)) return true;
        if (i < key_.size() && key_[i] == '/') return false;
      }
      return false;
    }
    if (k == key_.size()) return false;
    if (c == '?') return key_[k] != '/' && matches(p + 1, k + 1);
    if (c == '\\') return key_[k] == pattern_[p + 1] && matches(p + 2, k + 1);
    if (c != '[') return key_[k] == c && matches(p + 1, k + 1);
    return set(p + 1, k);
  }
  bool set(std::size_t p, std::size_t k) {
    const bool negated = pattern_[p] == '!' || pattern_[p] == '^';
    if (negated) ++p;
    bool in = false;
    while (pattern_[p] != ']') {
      const auto next = [&] {
        if (pattern_[p] == '\\') ++p;
        return pattern_[p++];
      };
      const char32_t first = next();
      char32_t last = first;
      if (pattern_[p] == '-' && pattern_[p + 1] != ']') {
        ++p;
        last = next();
      }
      in = in || (first <= key_[k] && key_[k] <= last);
    }
    return key_[k] != '/' && in != negated && matches(p + 1, k + 1);
  }

  const Characters pattern_;
  const Characters key_;
  std::vector<bool> missed_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gateway::fuzz::require;
  using gateway::routing::Pattern;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = bytes.find('\n');
  const std::string_view text = bytes.substr(0, end);
  const std::string_view key = end == std::string_view::npos ? "" : bytes.substr(end + 1);
  const auto pattern = Pattern::compile(text);
  if (!pattern) {
    require(pattern.error().character() >= 1 && pattern.error().character() <= text.size() + 1,
            "an error stands at a character");
    return 0;
  }
  const bool matches = pattern->matches(key);
  if (text.size() > 60 || key.size() > 200) return 0;
  if (!gateway::events::is_utf8(text) || !gateway::events::is_utf8(key)) return 0;
  // A `/` that is escaped begins a segment as well: the rules speak of characters of the key.
  if (text.find("\\/") != std::string_view::npos) return 0;
  require(PlainReading(characters(text), characters(key)).matches() == matches,
          "a pattern decides as its rules say");
  if (key.empty()) return 0;
  const Pattern begins = Pattern::begins_with(key);
  const Pattern ends = Pattern::ends_with(key);
  require(begins.matches(key) && ends.matches(key), "a key begins and ends as it does");
  if (!matches) return 0;
  const Pattern* const all[] = {&*pattern, &begins, &ends};
  require(gateway::routing::some_key_matches(all, {}), "the search finds what is there");
  const Pattern* const one[] = {&*pattern};
  require(!gateway::routing::some_key_matches(one, one), "no key matches and does not match");
  return 0;
}
