#pragma once
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace gateway {

class BufferPool;

// Bytes on loan from a pool; they go back when this dies. A request is read into one, and the post
// made of it keeps the buffer until its last record is acknowledged: the body is never copied.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { release(); }

  void release() noexcept;
  [[nodiscard]] char* data() const noexcept { return data_; }
  // Usable bytes; kPadding more are readable behind them.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] explicit operator bool() const noexcept { return data_ != nullptr; }

 private:
  friend class BufferPool;
  Buffer(BufferPool* pool, char* data, std::size_t size) noexcept
      : pool_(pool), data_(data), size_(size) {}

  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// One shard's buffers, in classes that double from 4 KiB. What comes back last goes out first, so
// that a busy shard works in warm cache; a bounded amount is kept, the rest is freed.
// Must outlive its buffers. Not thread-safe.
class BufferPool {
 public:
  // simdjson reads this far beyond a document's end.
  static constexpr std::size_t kPadding = 64;
  static constexpr std::size_t kSmallest = std::size_t{4} << 10;
  // Kept for use again, unless said otherwise.
  static constexpr std::size_t kKeep = std::size_t{8} << 20;

  explicit BufferPool(std::size_t keep_bytes = kKeep) noexcept : keep_bytes_(keep_bytes) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // At least `size` usable bytes. Throws std::bad_alloc.
  [[nodiscard]] Buffer take(std::size_t size);
  [[nodiscard]] std::size_t kept_bytes() const noexcept { return kept_bytes_; }

 private:
  friend class Buffer;
  static constexpr std::size_t kClasses = 24;  // 4 KiB to 32 GiB: above any body there can be
  [[nodiscard]] static std::size_t class_of(std::size_t allocation) noexcept;
  void put(char* data, std::size_t allocation) noexcept;

  std::array<std::vector<char*>, kClasses> free_;
  std::size_t keep_bytes_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace gateway
