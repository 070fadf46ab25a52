#include "gateway/routing/key_search.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "events/utf8.hpp"

namespace gateway::routing {
namespace {

// Beyond so many sets of states the search gives up.
constexpr std::size_t kMostSets = 4000;

// A pattern as an automaton: state i is "units before i have been read". One character leads from a
// set of its states to another set.
class Automaton {
 public:
  explicit Automaton(const Pattern& pattern) : pattern_(pattern) {
    for (const Pattern::Element& element : pattern.elements()) {
      if (element.kind == Pattern::Kind::literal) {
        std::string_view bytes = pattern.literal(element);
        while (!bytes.empty()) {
          const std::size_t size = std::max<std::size_t>(events::utf8_sequence_length(bytes), 1);
          units_.push_back({&element, events::utf8_code_point(bytes.substr(0, size))});
          bytes.remove_prefix(size);
        }
      } else {
        units_.push_back({&element, 0});
        // Whole segments take two states: where a segment begins, and within one.
        if (element.kind == Pattern::Kind::segments) units_.push_back({&element, 0});
      }
    }
  }

  // A character for each state: '1' for those it is in.
  using States = std::string;

  [[nodiscard]] std::size_t size() const noexcept { return units_.size() + 1; }
  [[nodiscard]] States start() const {
    States states(size(), '0');
    enter(states, 0);
    return states;
  }
  [[nodiscard]] States after(std::string_view states, char32_t character) const {
    States next(states.size(), '0');
    for (std::size_t i = 0; i < units_.size(); ++i) {
      if (states[i] == '1') step(next, i, character);
    }
    return next;
  }
  [[nodiscard]] static bool accepts(std::string_view states) { return states.back() == '1'; }
  [[nodiscard]] static bool dead(std::string_view states) {
    return states.find('1') == std::string_view::npos;
  }

  // Adds the characters at which something changes for this pattern.
  void add_alphabet(std::vector<char32_t>& alphabet) const {
    for (const Unit& unit : units_) {
      if (unit.element->kind == Pattern::Kind::literal) alphabet.push_back(unit.character);
      if (unit.element->kind != Pattern::Kind::set && unit.element->kind != Pattern::Kind::no_set) {
        continue;
      }
      for (const Pattern::Range& range : pattern_.ranges(*unit.element)) {
        alphabet.insert(alphabet.end(), {range.first, range.last, range.last + 1});
        if (range.first > 0) alphabet.push_back(range.first - 1);
      }
    }
  }

 private:
  struct Unit {
    const Pattern::Element* element;
    char32_t character;  // of a literal
  };

  // Of the two states of whole segments, this one is within a segment.
  [[nodiscard]] bool is_within(std::size_t i) const {
    return units_[i].element->kind == Pattern::Kind::segments && i > 0 &&
           units_[i - 1].element == units_[i].element;
  }
  // Adds a state and those that nothing needs to be read for.
  void enter(States& states, std::size_t i) const {
    states[i] = '1';
    if (i == units_.size()) return;
    const Pattern::Kind kind = units_[i].element->kind;
    if (kind == Pattern::Kind::star || kind == Pattern::Kind::stars) enter(states, i + 1);
    if (kind == Pattern::Kind::segments && !is_within(i)) enter(states, i + 2);
  }
  void step(States& next, std::size_t i, char32_t character) const {
    const Unit& unit = units_[i];
    switch (unit.element->kind) {
      case Pattern::Kind::literal:
        if (character == unit.character) enter(next, i + 1);
        break;
      case Pattern::Kind::any:
      case Pattern::Kind::set:
      case Pattern::Kind::no_set:
        if (pattern_.stands_for(*unit.element, character)) enter(next, i + 1);
        break;
      case Pattern::Kind::star:
        if (character != '/') enter(next, i);
        break;
      case Pattern::Kind::stars: enter(next, i); break;
      case Pattern::Kind::segments: {
        const std::size_t begin = is_within(i) ? i - 1 : i;
        if (character == '/') {
          enter(next, begin);
        } else {
          next[begin + 1] = '1';
        }
        break;
      }
    }
  }

  const Pattern& pattern_;
  std::vector<Unit> units_;
};

// Returns characters that stand for all there are: whatever any of these patterns tells apart is
// apart among them.
std::vector<char32_t> alphabet_of(const std::vector<Automaton>& automata) {
  std::vector<char32_t> alphabet = {'/'};
  for (const Automaton& automaton : automata) automaton.add_alphabet(alphabet);
  std::sort(alphabet.begin(), alphabet.end());
  alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
  // One that none of them names.
  char32_t other = 'a';
  while (std::binary_search(alphabet.begin(), alphabet.end(), other)) ++other;
  alphabet.push_back(other);
  return alphabet;
}

}  // namespace

bool some_key_matches(Patterns all, Patterns none) {
  std::vector<Automaton> automata;
  for (const Pattern* const pattern : all) automata.emplace_back(*pattern);
  for (const Pattern* const pattern : none) automata.emplace_back(*pattern);
  const std::vector<char32_t> alphabet = alphabet_of(automata);

  // The states of all automata, one after the other.
  std::string start;
  for (const Automaton& automaton : automata) start += automaton.start();
  std::unordered_set<std::string> seen;
  std::vector<std::string> open;
  const auto is_found = [&](std::string_view states) {
    for (std::size_t i = 0; i < automata.size(); ++i) {
      const std::size_t size = automata[i].size();
      if (Automaton::accepts(states.substr(0, size)) != (i < all.size())) return false;
      states.remove_prefix(size);
    }
    return true;
  };
  // Empty: no key that goes on so matches all of `all`.
  const auto next = [&](std::string_view states, char32_t character) {
    std::string joined;
    for (std::size_t i = 0; i < automata.size(); ++i) {
      const std::size_t size = automata[i].size();
      const auto after = automata[i].after(states.substr(0, size), character);
      if (i < all.size() && Automaton::dead(after)) return std::string();
      joined += after;
      states.remove_prefix(size);
    }
    return joined;
  };
  const auto go_on_from = [&](std::string_view states) {
    for (const char32_t character : alphabet) {
      std::string after = next(states, character);
      if (!after.empty() && seen.insert(after).second) open.push_back(std::move(after));
    }
  };
  go_on_from(start);  // no key is empty
  while (!open.empty() && seen.size() <= kMostSets) {
    const std::string states = std::move(open.back());
    open.pop_back();
    if (is_found(states)) return true;
    go_on_from(states);
  }
  return !open.empty();
}

}  // namespace gateway::routing
