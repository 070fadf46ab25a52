#include "gateway/routing/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "events/utf8.hpp"

namespace gateway::routing {
namespace {

// Returns the bytes of the character at `at`: one that is no UTF-8, as half a surrogate pair that
// JSON has spelled, ends where the next character begins.
std::size_t character_size(std::string_view text, std::size_t at) noexcept {
  std::size_t end = at + 1;
  if (static_cast<unsigned char>(text[at]) < 0x80) return 1;
  while (end < text.size() && end < at + 4 &&
         (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    ++end;
  }
  return end - at;
}

}  // namespace

std::string BadPattern::text() const {
  return fmt::format("character {}: {}", character_, reason_);
}

void throw_exception_from_error(const BadPattern& error, const boost::source_location&) {
  throw std::logic_error("no pattern: " + error.text());
}

// Reads one pattern, from its first character to its last.
class Pattern::Compiler {
 public:
  explicit Compiler(std::string_view text) : rest_(text) { pattern_.text_ = text; }

  boost::system::result<Pattern, BadPattern> compile() {
    if (rest_.empty()) return BadPattern("an empty pattern matches no object key", 1);
    if (rest_.front() == '/') {
      return BadPattern("matches no object key: they do not begin with `/`", 1);
    }
    while (!rest_.empty() && !wrong_) {
      const std::size_t begin = at_;
      if (rest_.starts_with("**")) {
        stars();
      } else if (rest_.front() == '*') {
        take();
        star();
      } else if (rest_.front() == '?') {
        take();
        add({Kind::any}, 1);
      } else if (rest_.front() == '[') {
        set();
      } else {
        if (rest_.front() == '\\') {
          take();
          if (rest_.empty()) return BadPattern("`\\` stands before nothing; `\\\\` is one", begin);
        }
        literal(take());
      }
      if (least_ > kLongestKey && !wrong_) {
        return BadPattern("matches no object key: they are 850 bytes at most", begin);
      }
    }
    if (wrong_) return *wrong_;
    pattern_.find_ends();
    return std::move(pattern_);
  }

 private:
  std::string_view take() {
    const std::size_t size = std::max<std::size_t>(events::utf8_sequence_length(rest_), 1);
    const std::string_view character = rest_.substr(0, size);
    rest_.remove_prefix(size);
    ++at_;
    return character;
  }
  void fail(std::string_view reason, std::size_t character) {
    if (!wrong_) wrong_.emplace(reason, character);
  }
  void add(Element element, std::size_t least_bytes) {
    pattern_.elements_.push_back(element);
    least_ += least_bytes;
    segment_begins_ = false;
  }
  void literal(std::string_view character) {
    pattern_.add_literal(character);
    least_ += character.size();
    segment_begins_ = character == "/";
  }
  [[nodiscard]] bool ends_with(Kind kind) const {
    return !pattern_.elements_.empty() && pattern_.elements_.back().kind == kind;
  }

  void star() {
    if (ends_with(Kind::star) || ends_with(Kind::stars)) return;
    if (ends_with(Kind::segments)) {
      // Whole segments and the beginning of the next one are any text.
      pattern_.elements_.back().kind = Kind::stars;
      segment_begins_ = false;
      return;
    }
    add({Kind::star}, 0);
  }
  void stars() {
    const bool whole = segment_begins_;
    while (rest_.starts_with('*')) take();
    if (whole && rest_.starts_with('/')) {
      take();
      if (!ends_with(Kind::segments)) add({Kind::segments}, 0);
      segment_begins_ = true;
      return;
    }
    if (ends_with(Kind::star) || ends_with(Kind::segments)) {
      pattern_.elements_.back().kind = Kind::stars;
      segment_begins_ = false;
    } else if (!ends_with(Kind::stars)) {
      add({Kind::stars}, 0);
    }
  }

  [[nodiscard]] std::optional<char32_t> set_member(std::size_t opened) {
    if (rest_.starts_with('\\')) take();
    if (rest_.empty()) {
      fail("`[` without its `]`; `\\[` stands for itself", opened);
      return std::nullopt;
    }
    const std::string_view character = take();
    if (events::utf8_sequence_length(character) == 0) {
      fail("no UTF-8", at_ - 1);
      return std::nullopt;
    }
    return events::utf8_code_point(character);
  }
  void set() {
    const std::size_t opened = at_;
    take();
    const bool negated = rest_.starts_with('!') || rest_.starts_with('^');
    if (negated) take();
    if (rest_.starts_with(']')) {
      return fail("an empty set matches no character; `\\]` stands for itself", opened);
    }
    Element element{negated ? Kind::no_set : Kind::set};
    auto& ranges = pattern_.ranges_;
    element.begin = static_cast<std::uint32_t>(ranges.size());
    while (!rest_.starts_with(']')) {
      const std::size_t begin = at_;
      const auto first = set_member(opened);
      if (!first) return;
      auto last = first;
      if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        take();
        last = set_member(opened);
        if (!last) return;
      }
      if (*last < *first) return fail("a range that ends before it begins", begin);
      ranges.push_back({*first, *last});
    }
    take();
    element.end = static_cast<std::uint32_t>(ranges.size());
    const bool slash_alone =
        std::all_of(ranges.begin() + element.begin, ranges.end(),
                    [](const Range& range) { return range.first == '/' && range.last == '/'; });
    if (slash_alone && !negated) return fail("a set matches no `/`", opened);
    add(element, 1);
  }

  Pattern pattern_;
  std::string_view rest_;
  std::size_t at_ = 1;          // the next character's position
  std::size_t least_ = 0;       // bytes of the shortest key so far
  bool segment_begins_ = true;  // what comes next is the first of a segment
  std::optional<BadPattern> wrong_;
};

boost::system::result<Pattern, BadPattern> Pattern::compile(std::string_view text) {
  return Compiler(text).compile();
}

Pattern Pattern::begins_with(std::string_view prefix) {
  Pattern pattern;
  pattern.add_literal(prefix);
  pattern.elements_.push_back({Kind::stars});
  pattern.find_ends();
  return pattern;
}

Pattern Pattern::ends_with(std::string_view suffix) {
  Pattern pattern;
  pattern.elements_.push_back({Kind::stars});
  pattern.add_literal(suffix);
  pattern.find_ends();
  return pattern;
}

void Pattern::add_literal(std::string_view bytes) {
  if (bytes.empty()) return;
  if (elements_.empty() || elements_.back().kind != Kind::literal) {
    const auto begin = static_cast<std::uint32_t>(literals_.size());
    elements_.push_back({Kind::literal, begin, begin});
  }
  literals_ += bytes;
  elements_.back().end = static_cast<std::uint32_t>(literals_.size());
}

void Pattern::find_ends() noexcept {
  const auto is_literal = [this](std::size_t i) { return elements_[i].kind == Kind::literal; };
  middle_begin_ = is_literal(0) ? 1 : 0;
  middle_end_ = elements_.size();
  if (middle_end_ > middle_begin_ && is_literal(middle_end_ - 1)) --middle_end_;
  has_head_ = middle_begin_ != 0;
  has_tail_ = middle_end_ != elements_.size();
  any_middle_ = middle_end_ == middle_begin_ + 1 && elements_[middle_begin_].kind == Kind::stars;
  if (has_head_) first_ = literal(elements_.front()).front();
  if (has_tail_) last_ = literal(elements_.back()).back();
}

bool Pattern::stands_for(const Element& element, char32_t character) const noexcept {
  if (character == '/') return false;
  if (element.kind == Kind::any) return true;
  const auto of_element = ranges(element);
  const bool in_set = std::any_of(of_element.begin(), of_element.end(), [&](const Range& range) {
    return range.first <= character && character <= range.last;
  });
  return in_set == (element.kind == Kind::set);
}

bool Pattern::matches_whole(std::string_view key) const noexcept {
  const auto bytes_of = [this](const Element& element) {
    return std::string_view(literals_.data() + element.begin, element.end - element.begin);
  };
  if (has_head_) {
    const std::string_view head = bytes_of(elements_.front());
    if (!key.starts_with(head)) return false;
    key.remove_prefix(head.size());
  }
  if (has_tail_) {
    const std::string_view tail = bytes_of(elements_.back());
    if (!key.ends_with(tail)) return false;
    key.remove_suffix(tail.size());
  }
  return any_middle_ || matches_middle(key);
}

// A wildcard first stands for as little as it can. Where the rest does not match, the last wildcard
// within the segment takes one character more; where that cannot, the last one across segments
// does. Earlier wildcards need not be tried again: whatever they could take, the later one of the
// same kind can.
bool Pattern::matches_middle(std::string_view key) const noexcept {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Retry {
    std::size_t element = kNone;  // what follows the wildcard
    std::size_t at = 0;           // where the wildcard ends
  };
  Retry within;
  Retry across;
  bool across_segments = false;  // the wildcard across stands for whole segments
  std::size_t element = middle_begin_;
  std::size_t at = 0;

  // Returns where the wildcard within a segment ends at the earliest, from `from` on: where the
  // literal behind it comes next, unless the segment ends before.
  const auto next_end = [&](std::size_t from) {
    const bool is_literal =
        within.element != middle_end_ && elements_[within.element].kind == Kind::literal;
    if (!is_literal) return from;
    const std::string_view wanted = literal(elements_[within.element]);
    const std::size_t end = std::min(key.find('/', from), key.size());
    return wanted.front() == '/' ? end : std::min(key.find(wanted, from), end);
  };
  const auto step = [&] {
    const Element& now = elements_[element];
    switch (now.kind) {
      case Kind::star:
        within.element = element + 1;
        within.at = at = next_end(at);
        break;
      case Kind::stars:
      case Kind::segments:
        across = {element + 1, at};
        across_segments = now.kind == Kind::segments;
        within = {};
        break;
      case Kind::literal: {
        const std::string_view bytes = literal(now);
        if (!key.substr(at).starts_with(bytes)) return false;
        at += bytes.size();
        break;
      }
      case Kind::any:
      case Kind::set:
      case Kind::no_set: {
        if (at == key.size()) return false;
        const std::size_t size = character_size(key, at);
        const char32_t character = events::utf8_code_point(key.substr(at, size));
        if (!stands_for(now, character)) return false;
        at += size;
        break;
      }
    }
    ++element;
    return true;
  };
  const auto retry = [&] {
    if (within.element != kNone && within.at < key.size() && key[within.at] != '/') {
      within.at = next_end(within.at + character_size(key, within.at));
      element = within.element;
      at = within.at;
      return true;
    }
    within = {};
    if (across.element == kNone || across.at == key.size()) return false;
    if (across_segments) {
      const std::size_t slash = key.find('/', across.at);
      if (slash == std::string_view::npos) return false;
      across.at = slash + 1;
    } else {
      across.at += character_size(key, across.at);
      if (across.element != middle_end_ && elements_[across.element].kind == Kind::literal) {
        across.at = key.find(literal(elements_[across.element]), across.at);
        if (across.at == std::string_view::npos) return false;
      }
    }
    element = across.element;
    at = across.at;
    return true;
  };

  const bool any_end =
      middle_end_ > middle_begin_ && elements_[middle_end_ - 1].kind == Kind::stars;
  while (true) {
    if (any_end && element == middle_end_ - 1) return true;
    const bool whole = element == middle_end_ && at == key.size();
    if (whole) return true;
    if (element != middle_end_ && step()) continue;
    if (!retry()) return false;
  }
}

}  // namespace gateway::routing
