#pragma once
#include <array>
#include <cstddef>

namespace gateway::tls {

// OpenSSL allocates a buffer for each record it reads or writes and frees it afterwards, as
// connections must not keep one each (SSL_MODE_RELEASE_BUFFERS). These buffers are larger than what
// the C library keeps for a thread, so that each costs a search of its lists. Solution: the buffers
// that are given back stay with the thread, a few of them, and serve the next records.
class RecordBuffers {
 public:
  RecordBuffers() = default;
  ~RecordBuffers();
  RecordBuffers(const RecordBuffers&) = delete;
  RecordBuffers& operator=(const RecordBuffers&) = delete;

  // Returns a buffer that was kept, for any record, or null.
  [[nodiscard]] void* take() noexcept { return count_ == 0 ? nullptr : buffers_[--count_]; }
  // Keeps a buffer of malloc(). Returns false if it is of another size than records have, or if
  // there is no room.
  [[nodiscard]] bool keep(void* buffer) noexcept;

  // Returns whether OpenSSL takes its buffers from here. It is told so before main(), because it
  // refuses once it has allocated.
  [[nodiscard]] static bool in_use() noexcept;

 private:
  // One to read into and one to write into are needed at a time. Two more are for connections whose
  // record has come in part, and which return their buffer later.
  std::array<void*, 4> buffers_{};
  std::size_t count_ = 0;
};

}  // namespace gateway::tls
