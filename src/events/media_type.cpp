#include "events/media_type.hpp"

#include "events/ascii.hpp"

namespace gateway::events {
namespace {

std::string_view without_parameters(std::string_view content_type) noexcept {
  return without_outer_blanks(content_type.substr(0, content_type.find(';')));
}

// Takes text off its front, piece by piece.
class Pieces {
 public:
  explicit Pieces(std::string_view text) noexcept : rest_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  void blanks() noexcept {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  [[nodiscard]] bool character(char c) noexcept {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Returns what stands there of a token; may be empty.
  [[nodiscard]] std::string_view token() noexcept {
    std::size_t size = 0;
    while (size != rest_.size() && is_token_character(rest_[size])) ++size;
    return take(size);
  }
  // Returns a quoted string with its quotes (RFC 9110 section 5.6.4); empty if there is none.
  [[nodiscard]] std::string_view quoted() noexcept {
    if (!rest_.starts_with('"')) return {};
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '"') return take(at + 1);
      if (rest_[at] == '\\') ++at;
    }
    return {};
  }

 private:
  std::string_view take(std::size_t size) noexcept {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

// Calls `on_parameter(name, value)` for each parameter, a quoted value with its quotes. Returns
// whether all is well-formed.
template <class OnParameter>
bool walk(std::string_view content_type, OnParameter on_parameter) noexcept {
  Pieces pieces(content_type);
  pieces.blanks();
  if (pieces.token().empty() || !pieces.character('/') || pieces.token().empty()) return false;
  for (;;) {
    pieces.blanks();
    if (pieces.at_end()) return true;
    if (!pieces.character(';')) return false;
    pieces.blanks();
    const std::string_view name = pieces.token();
    if (name.empty()) continue;  // RFC 9110 section 5.6.6 allows for none
    if (!pieces.character('=')) return false;
    std::string_view value = pieces.token();
    if (value.empty()) value = pieces.quoted();
    if (value.empty()) return false;
    on_parameter(name, value);
  }
}

}  // namespace

bool is_media_type(std::string_view content_type) noexcept {
  return walk(content_type, [](std::string_view, std::string_view) {});
}

Charset charset_of(std::string_view content_type) noexcept {
  Charset charset = Charset::utf8;
  const bool good = walk(content_type, [&](std::string_view name, std::string_view value) {
    if (!equals_ignoring_case(name, "charset")) return;
    if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
    const bool utf8 = equals_ignoring_case(value, "utf-8") || equals_ignoring_case(value, "utf8");
    const bool ascii = equals_ignoring_case(value, "us-ascii");
    charset = utf8 ? Charset::utf8 : ascii ? Charset::ascii : Charset::other;
  });
  return good ? charset : Charset::other;
}

bool is_event_media_type(std::string_view content_type) noexcept {
  constexpr std::string_view kPrefix = "application/cloudevents";
  return equals_ignoring_case(without_parameters(content_type).substr(0, kPrefix.size()), kPrefix);
}

bool is_json_media_type(std::string_view content_type) noexcept {
  constexpr std::string_view kSuffix = "+json";
  const std::string_view type = without_parameters(content_type);
  const auto slash = type.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view subtype = type.substr(slash + 1);
  return equals_ignoring_case(subtype, "json") ||
         (subtype.size() > kSuffix.size() &&
          equals_ignoring_case(subtype.substr(subtype.size() - kSuffix.size()), kSuffix));
}

bool is_text_media_type(std::string_view content_type) noexcept {
  constexpr std::string_view kType = "text/";
  const std::string_view type = without_parameters(content_type);
  return equals_ignoring_case(type.substr(0, kType.size()), kType);
}

}  // namespace gateway::events
