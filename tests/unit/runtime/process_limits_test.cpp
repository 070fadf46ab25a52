#include "runtime/process_limits.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "support/sanitized.hpp"

namespace gateway {
namespace {

// In a process of its own, as there is no way back for this one.
bool holds_in_a_child(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

TEST(ProcessLimits, HiddenMemoryIsNotDumped) {
  EXPECT_TRUE(holds_in_a_child(
      [] { return prctl(PR_GET_DUMPABLE) == 1 && hide_memory() && prctl(PR_GET_DUMPABLE) == 0; }));
}

#ifndef COS_GATEWAY_SANITIZED  // sanitizers have an allocator of their own
// Bytes in memory of this process.
std::size_t resident() {
  std::size_t total = 0;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> total >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// As posts of 8 MiB come and go, something small that stays is allocated after each of them.
TEST(ProcessLimits, LargeBlocksLeaveNoHolesInTheHeap) {
  constexpr std::size_t kBlock = std::size_t{8} << 20;
  EXPECT_TRUE(holds_in_a_child([] {
    give_large_blocks_back();
    const std::size_t before = resident();
    std::vector<std::string> stay;
    for (int round = 0; round < 4; ++round) {
      {
        const std::string large(kBlock, 'x');
      }
      const std::string large(kBlock, 'x');
      stay.emplace_back(std::size_t{64} << 10, 'y');
    }
    return resident() < before + kBlock / 2;
  }));
}
#endif

bool limit_descriptors(rlim_t soft, rlim_t hard) {
  const rlimit limit{soft, hard};
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST(ProcessLimits, TheDescriptorLimitIsRaisedAsFarAsItGoes) {
  EXPECT_TRUE(holds_in_a_child([] {
    return limit_descriptors(50, 100) && raise_descriptor_limit(80) == 80 &&
           raise_descriptor_limit(60) == 80 && raise_descriptor_limit(1000) == 100;
  }));
}

TEST(ProcessLimits, LimitsOfMemoryAreReadAsControlGroupsWriteThem) {
  EXPECT_EQ(bytes_of_limit("536870912"), 536870912U);
  EXPECT_EQ(bytes_of_limit("max"), 0U);
  EXPECT_EQ(bytes_of_limit(""), 0U);
  EXPECT_EQ(bytes_of_limit("12 MiB"), 0U);
  EXPECT_GT(available_memory(), 0U);
}

}  // namespace
}  // namespace gateway
