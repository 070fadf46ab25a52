#include "runtime/process_limits.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

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
