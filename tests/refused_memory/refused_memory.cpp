// Refuses memory to some threads of a program that it is preloaded into (LD_PRELOAD), as if they
// alone had come to the limit of a container. The environment says to whom and when:
//   REFUSED_THREAD  the name of the threads
//   REFUSED_WHILE   a file; memory is refused while it exists
//   REFUSED_AFTER   accept4: only the first allocation after each such call of the thread is
//                   refused; not set: all are
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "support/libc_allocator.hpp"

namespace {

// In the static block of thread-local memory: any other has to be allocated.
[[gnu::tls_model("initial-exec")]] constinit thread_local bool after_call = false;

std::string_view setting(const char* name) noexcept {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets one
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool is_refused() noexcept {
  const bool any_time = setting("REFUSED_AFTER").empty();
  if (!any_time && !after_call) return false;
  std::array<char, 16> name{};
  ::prctl(PR_GET_NAME, name.data());
  if (setting("REFUSED_THREAD") != name.data()) return false;
  const int before = errno;
  const bool refused = ::access(setting("REFUSED_WHILE").data(), F_OK) == 0;
  errno = refused ? ENOMEM : before;
  after_call = false;
  return refused;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  return is_refused() ? nullptr : __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  return is_refused() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  return is_refused() ? nullptr : __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return is_refused() ? nullptr : __libc_memalign(alignment, size);
}
int accept4(int listener, sockaddr* peer, socklen_t* size, int flags) {
  after_call = setting("REFUSED_AFTER") == "accept4";
  return static_cast<int>(::syscall(SYS_accept4, listener, peer, size, flags));
}
}
