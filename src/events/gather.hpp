#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
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
//
// A chunk is free again once its last piece has been sent, so memory stays bounded by what is
// unsent even if new pieces keep coming and it is never empty.
class Gather {
 public:
  static constexpr std::size_t kChunk = std::size_t{64} << 10;

  // At least `size` writable bytes, contiguous. The next call must be own(), which claims what was
  // written of them.
  [[nodiscard]] char* room(std::size_t size) {
    if (left_ < size) [[unlikely]]
      begin_chunk(size);
    return next_;
  }
  // Appends the first `size` bytes of the last room(). Adjacent own pieces are joined.
  void own(std::size_t size);
  // Copies `text` in.
  void copy(std::string_view text);
  // Appends bytes that live elsewhere.
  void refer(std::string_view bytes);

  // What is still to be sent, in order; none is empty. Valid until the next call that is not const.
  [[nodiscard]] std::span<const iovec> pieces() const noexcept {
    return {pieces_.data() + sent_, pieces_.size() - sent_};
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return bytes_ == 0; }
  // `size` bytes have left; a piece may be cut.
  void sent(std::size_t size);
  void clear() noexcept;

 private:
  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
    std::uint64_t end = 0;  // of a full one: its pieces have numbers below this
  };
  // Kept for reuse; more than this is given back after a burst.
  static constexpr std::size_t kSpareChunks = 16;

  void begin_chunk(std::size_t size);
  void append(void* data, std::size_t size);
  void recycle_sent_chunks();
  void retire_chunks(std::size_t count) noexcept;
  void forget_sent_pieces();

  std::vector<Chunk> chunks_;  // in use, in order; the last one is being filled
  std::vector<Chunk> spare_;
  char* next_ = nullptr;  // room in the last chunk, and how much of it is left
  std::size_t left_ = 0;
  std::vector<iovec> pieces_;
  std::size_t sent_ = 0;         // pieces at the front of pieces_ that have left
  std::uint64_t forgotten_ = 0;  // pieces that were in pieces_ before; all are numbered
  bool last_piece_is_own_ = false;
  std::size_t bytes_ = 0;
};

}  // namespace gateway::events
