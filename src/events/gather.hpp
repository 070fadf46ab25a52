#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace gateway::events {

// Bytes on their way to a socket, as a list of pieces for one gathered write. Heads are written
// into chunks this object keeps; record bodies are referred to where they lie and must stay there
// until they are sent. Chunks and the list are reused: no allocation in the steady state.
//
//   pieces():  [head 1][record 1][head 2][record 2] ...
//               own     the post's     own
class Gather {
 public:
  static constexpr std::size_t kChunk = std::size_t{64} << 10;

  // At least `size` writable bytes, contiguous; the next own() claims what was written of them.
  [[nodiscard]] char* room(std::size_t size);
  // Appends the first `size` bytes of the last room(). Adjacent own pieces are joined.
  void own(std::size_t size);
  // Copies `text` in.
  void copy(std::string_view text);
  // Appends bytes that live elsewhere.
  void refer(std::string_view bytes);

  // What is still to be sent, in order.
  [[nodiscard]] std::span<const iovec> pieces() const noexcept {
    return {pieces_.data() + sent_, pieces_.size() - sent_};
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return bytes_ == 0; }
  // `size` bytes have left; a piece may be cut. When all have left the chunks are free again.
  void sent(std::size_t size);
  void clear() noexcept;

 private:
  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
  };
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;  // the one being filled
  std::size_t used_ = 0;   // of it
  std::vector<iovec> pieces_;
  std::size_t sent_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace gateway::events
