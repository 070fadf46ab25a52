#include "events/json_index.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <new>
#include <string_view>

#include "events/utf8.hpp"

namespace gateway::events {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The first stage says only that something is wrong; this says where. As there, a backslash takes
// the next byte with it even outside strings, so that both agree on what a string is.
Malformed locate_lexical_error(std::string_view text) noexcept {
  bool in_string = false;
  std::size_t opening_quote = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) return {"invalid UTF-8", at};
    const char c = text[at];
    if (in_string && static_cast<unsigned char>(c) < 0x20) {
      return {"control character in a string", at};
    }
    if (c == '"') {
      in_string = !in_string;
      opening_quote = at;
    } else if (c == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\')) {
      ++at;
    }
    at += length;
  }
  if (in_string) return {"string without a closing quote", opening_quote};
  return {"invalid JSON text", 0};
}

}  // namespace

struct JsonIndex::Implementation {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;

  void reserve(std::size_t size) {
    if (stages->capacity() >= size) return;
    // Doubling, so that slowly growing bodies do not each cost an allocation.
    const std::size_t capacity =
        std::min<std::size_t>(std::bit_ceil(std::max<std::size_t>(size, 4096)),
                              std::numeric_limits<std::uint32_t>::max());
    if (stages->set_capacity(capacity) != simdjson::SUCCESS) throw std::bad_alloc();
  }
};

JsonIndex::JsonIndex() : implementation_(std::make_unique<Implementation>()) {
  // The depth is that of the second stage, which is never run: JsonCursor takes its place.
  const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      0, 1, implementation_->stages);
  if (error != simdjson::SUCCESS) throw std::bad_alloc();
}

JsonIndex::~JsonIndex() = default;

boost::system::result<JsonCursor, Malformed> JsonIndex::read(const char* text, std::size_t size,
                                                             std::size_t max_depth) {
  if (size > std::numeric_limits<std::uint32_t>::max()) return Malformed("4 GiB or more", 0);
  const std::string_view view(text, size);
  if (view.starts_with(kByteOrderMark)) return Malformed("byte order mark", 0);
  if (view.empty()) return Malformed("no JSON text", 0);
  implementation_->reserve(size);
  auto& stages = *implementation_->stages;
  const auto error = stages.stage1(reinterpret_cast<const std::uint8_t*>(text), size,
                                   simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY) return Malformed("no JSON text", size);
  if (error != simdjson::SUCCESS) return locate_lexical_error(view);
  const std::size_t count = stages.n_structural_indexes;
  // The array has room for some more than one entry per byte; see JsonCursor for this one.
  stages.structural_indexes[count] = stages.structural_indexes[0];
  return JsonCursor(text, size, stages.structural_indexes.get(), count, max_depth);
}

}  // namespace gateway::events
