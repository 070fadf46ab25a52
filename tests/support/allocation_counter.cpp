#include "support/allocation_counter.hpp"

#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "support/libc_allocator.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define COS_GATEWAY_SANITIZER_OWNS_MALLOC 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COS_GATEWAY_SANITIZER_OWNS_MALLOC 1
#endif
// glibc offers its allocator under second names, which is what makes the replacement safe.
#if defined(__GLIBC__) && !defined(COS_GATEWAY_SANITIZER_OWNS_MALLOC)
#define COS_GATEWAY_COUNTS_ALLOCATIONS 1
#endif

namespace gateway::test {
namespace {

constinit std::atomic<std::uint64_t> allocations{0};
// The numbers of the allocations that are refused.
constinit std::atomic<std::uint64_t> refused_from{0};
constinit std::atomic<std::uint64_t> refused_end{0};
constinit thread_local bool excluded = false;
enum class Counted : std::uint8_t { unknown, yes, no };
constinit thread_local Counted counted = Counted::unknown;

#ifdef COS_GATEWAY_COUNTS_ALLOCATIONS
// Event loops are counted. The control thread, which looks at the process once a second, is not.
bool is_counted() noexcept {
  if (counted == Counted::unknown) {
    std::array<char, 16> name{};
    ::prctl(PR_GET_NAME, name.data());
    counted = std::string_view(name.data()) == "shard" ? Counted::yes : Counted::no;
  }
  return counted == Counted::yes && !excluded;
}
#endif

}  // namespace

bool AllocationCounter::available() noexcept {
#ifdef COS_GATEWAY_COUNTS_ALLOCATIONS
  return true;
#else
  return false;
#endif
}

std::uint64_t AllocationCounter::count() noexcept {
  return allocations.load();
}

void AllocationCounter::refuse(std::uint64_t after, std::uint64_t times) noexcept {
  refused_end.store(0);
  const std::uint64_t from = allocations.load() + after;
  refused_from.store(from);
  refused_end.store(times == 0 ? 0 : from + times);
}

AllocationCounter::ExcludeThread::ExcludeThread() noexcept : before_(excluded) {
  excluded = true;
}
AllocationCounter::ExcludeThread::~ExcludeThread() {
  excluded = before_;
}

AllocationCounter::IncludeThread::IncludeThread() noexcept : before_(excluded) {
  excluded = false;
  counted = Counted::yes;
}
AllocationCounter::IncludeThread::~IncludeThread() {
  excluded = before_;
}

}  // namespace gateway::test

#ifdef COS_GATEWAY_COUNTS_ALLOCATIONS
namespace {

// Returns whether it is refused.
bool count_one() noexcept {
  using namespace gateway::test;
  if (!is_counted()) return false;
  const std::uint64_t number = allocations.fetch_add(1, std::memory_order_relaxed);
  return number < refused_end.load(std::memory_order_relaxed) &&
         number >= refused_from.load(std::memory_order_relaxed);
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  if (count_one()) return nullptr;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  if (count_one()) return nullptr;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  if (count_one()) return nullptr;
  return __libc_realloc(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  if (count_one()) return nullptr;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  if (count_one()) return nullptr;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  if (count_one()) return ENOMEM;
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
}
#endif
