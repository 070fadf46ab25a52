#include "gateway/http/chunked.hpp"

#include <algorithm>
#include <cstring>

#include "events/ascii.hpp"
#include "gateway/http/fields.hpp"

namespace gateway::http {
namespace {

// A tab is the only control character an extension or a trailer may hold.
constexpr bool is_forbidden(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

ChunkedDecoder::Progress ChunkedDecoder::advance(const char* in, std::size_t size,
                                                 char* out) noexcept {
  Progress progress;
  while (progress.consumed < size && part_ != Part::done) {
    if (part_ == Part::data) {
      const auto n =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - progress.consumed));
      if (out != nullptr) std::memmove(out + progress.produced, in + progress.consumed, n);
      progress.produced += n;
      progress.consumed += n;
      left_ -= n;
      if (left_ == 0) part_ = Part::data_return;
      continue;
    }
    if (!step(in[progress.consumed])) {
      progress.state = State::malformed;
      return progress;
    }
    ++progress.consumed;
  }
  progress.state = part_ == Part::done ? State::complete : State::incomplete;
  return progress;
}

// One character of what stands around the data; false if it cannot stand there.
bool ChunkedDecoder::step(char c) noexcept {
  switch (part_) {
    case Part::size:
      if (++line_ > kMaxLine) return false;
      if (const unsigned char digit = hex_value(c); digit != kNoHexDigit) {
        if (++digits_ > 15) return false;  // 60 bits: no sum can wrap around
        left_ = left_ * 16 + digit;
        return true;
      }
      if (digits_ == 0) return false;
      if (c == '\r') {
        part_ = Part::size_end;
        return true;
      }
      part_ = c == ';' ? Part::extension : Part::size_blank;
      return c == ';' || is_blank(c);
    case Part::size_blank:
      if (++line_ > kMaxLine) return false;
      if (is_blank(c)) return true;
      part_ = c == ';' ? Part::extension : Part::size_end;
      return c == ';' || c == '\r';
    case Part::extension:
      if (++line_ > kMaxLine) return false;
      if (c == '\r') {
        part_ = Part::size_end;
        return true;
      }
      return !is_forbidden(c);
    case Part::size_end:
      part_ = left_ == 0 ? Part::trailer_start : Part::data;
      line_ = digits_ = 0;
      return c == '\n';
    case Part::data_return: part_ = Part::data_end; return c == '\r';
    case Part::data_end: part_ = Part::size; return c == '\n';
    case Part::trailer_start:
      if (c == '\r') {
        part_ = Part::last_end;
        return true;
      }
      part_ = Part::trailer_name;
      return ++trailers_ <= kMaxTrailers && is_token({&c, 1});
    case Part::trailer_name:
      if (++trailers_ > kMaxTrailers) return false;
      if (c == ':') {
        part_ = Part::trailer_value;
        return true;
      }
      return is_token({&c, 1});
    case Part::trailer_value:
      if (++trailers_ > kMaxTrailers) return false;
      if (c == '\r') {
        part_ = Part::trailer_end;
        return true;
      }
      return !is_forbidden(c);
    case Part::trailer_end: part_ = Part::trailer_start; return c == '\n';
    case Part::last_end: part_ = Part::done; return c == '\n';
    case Part::data:
    case Part::done: break;
  }
  return false;
}

}  // namespace gateway::http
