#include "gateway/tls/record_buffers.hpp"

#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>

namespace gateway::tls {
namespace {

// A record has 16 KiB of text at most. OpenSSL's buffers have room for that and for what protection
// adds to it (RFC 8446 section 5.2, RFC 5246 section 6.2.3), which is less than 1 KiB for reading
// and for writing. Both get the same size, so that each can serve as the other.
constexpr std::size_t kRecord = std::size_t{16} << 10;
constexpr std::size_t kSize = std::size_t{17} << 10;
constexpr std::size_t kMost = kSize + 64;  // what the C library may have rounded it up to

thread_local RecordBuffers kept;
// Buffers may still be freed after the thread has destroyed `kept`.
constinit thread_local bool over = false;

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  if (size == 0) return nullptr;  // as OpenSSL's own function does
  const bool for_record = size > kRecord && size <= kSize;
  if (for_record && !over) {
    if (void* const buffer = kept.take()) return buffer;
  }
  return std::malloc(for_record ? kSize : size);  // NOLINT(*-no-malloc): OpenSSL's own way
}

void* reallocate(void* buffer, std::size_t size, const char* /*file*/, int /*line*/) {
  return std::realloc(buffer, size);  // NOLINT(*-no-malloc)
}

void release(void* buffer, const char* /*file*/, int /*line*/) {
  if (buffer == nullptr || (!over && kept.keep(buffer))) return;
  std::free(buffer);  // NOLINT(*-no-malloc)
}

// NOLINTNEXTLINE(cert-err58-cpp): does not throw
const bool kInstalled = CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;

}  // namespace

RecordBuffers::~RecordBuffers() {
  over = true;
  while (void* const buffer = take()) std::free(buffer);  // NOLINT(*-no-malloc)
}

bool RecordBuffers::keep(void* buffer) noexcept {
  if (count_ == buffers_.size()) return false;
  const std::size_t size = ::malloc_usable_size(buffer);
  if (size < kSize || size > kMost) return false;
  buffers_[count_++] = buffer;
  return true;
}

bool RecordBuffers::in_use() noexcept {
  return kInstalled;
}

}  // namespace gateway::tls
