#pragma once
#include <cstddef>
#include <cstdint>

namespace gateway::http {

// Decodes a chunked body (RFC 9112 section 7.1) as it arrives. Extensions and trailers are checked
// and dropped. Sans-I/O.
class ChunkedDecoder {
 public:
  enum class State { incomplete, complete, malformed };
  struct Progress {
    State state = State::incomplete;
    std::size_t consumed = 0;  // of the input; less than given only when complete or malformed
    std::size_t produced = 0;  // written to the output
  };

  // Decodes `size` bytes. `out`: null to drop the body; it may overlap `in` from its beginning on,
  // so that a body can be decoded in place. Returns how far it came.
  Progress advance(const char* in, std::size_t size, char* out) noexcept;
  void reset() noexcept { *this = ChunkedDecoder(); }

  // Longest size line, extensions included, and longest trailer section.
  static constexpr std::size_t kMaxLine = 1024;
  static constexpr std::size_t kMaxTrailers = 8192;

 private:
  enum class Part : std::uint8_t {
    size,
    size_blank,
    extension,
    size_end,
    data,
    data_return,
    data_end,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_end,
    last_end,
    done
  };
  [[nodiscard]] bool step(char c) noexcept;

  std::uint64_t left_ = 0;  // of the current chunk
  std::size_t line_ = 0;    // characters of the size line so far
  std::size_t digits_ = 0;
  std::size_t trailers_ = 0;
  Part part_ = Part::size;
};

}  // namespace gateway::http
