#include "testkit/child_process.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <system_error>

#include "runtime/descriptor.hpp"
#include "testkit/eventually.hpp"
#include "testkit/temporary_folder.hpp"
#include "testkit/text_file.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;

class ChildProcessTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> shell(const std::string& script) const {
    return {"/bin/sh", "-c", script};
  }
  [[nodiscard]] std::string log() const { return folder_.file("log"); }
  [[nodiscard]] std::string said() const { return read_text(log()); }
  [[nodiscard]] bool comes_to_say(std::string_view text) const {
    return eventually([&] { return said().find(text) != std::string::npos; });
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(ChildProcessTest, GivesTheCodeItEndsWithAsOftenAsAsked) {
  ChildProcess child(shell("exit 7"), log());
  EXPECT_FALSE(child.ended());
  child.start();
  EXPECT_EQ(child.wait(), 7);
  EXPECT_FALSE(child.running());
  EXPECT_EQ(child.ended(), 7);
  EXPECT_EQ(child.wait(), 7);
  EXPECT_EQ(child.stop(1s), 7);
}

TEST_F(ChildProcessTest, GivesTheSignalThatEndsIt) {
  ChildProcess child(shell("kill -INT $$"), log());
  child.start();
  EXPECT_EQ(child.wait(), 128 + SIGINT);
}

TEST_F(ChildProcessTest, LooksForANameInPath) {
  ChildProcess child({"true"}, log());
  child.start();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(ChildProcessTest, EndsWithACodeOfItsOwnWhenThereIsNoSuchProgram) {
  ChildProcess child({"/nowhere/at/all"}, log());
  child.start();
  EXPECT_EQ(child.wait(), ChildProcess::kCannotRun);
}

TEST_F(ChildProcessTest, ThrowsWhenThereCanBeNoLog) {
  ChildProcess child({"true"}, "/nowhere/log");
  EXPECT_THROW(child.start(), std::system_error);
  EXPECT_FALSE(child.running());
}

TEST_F(ChildProcessTest, LogsBothOutputsOfAllItsStarts) {
  ChildProcess child(shell("echo out; echo err >&2"), log());
  for (int i = 0; i < 2; ++i) {
    child.start();
    EXPECT_EQ(child.wait(), 0);
  }
  EXPECT_EQ(said(), "out\nerr\nout\nerr\n");
}

TEST_F(ChildProcessTest, StopsWithTheCodeOfWhatMindsTheSignal) {
  ChildProcess child(shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done"), log());
  child.start();
  ASSERT_TRUE(comes_to_say("ready"));
  EXPECT_TRUE(child.running());
  EXPECT_EQ(child.stop(10s), 3);
  EXPECT_FALSE(child.running());
}

TEST_F(ChildProcessTest, KillsWhatDoesNotStop) {
  ChildProcess child(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"), log());
  child.start();
  ASSERT_TRUE(comes_to_say("ready"));
  const pid_t pid = child.pid();
  EXPECT_FALSE(child.stop(20ms));
  EXPECT_FALSE(child.running());
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(ChildProcessTest, IsGoneWhenKilledAndWhenItsOwnerIs) {
  pid_t pid = 0;
  {
    ChildProcess child({"sleep", "100"}, log());
    child.start();
    const pid_t first = child.pid();
    child.kill();
    EXPECT_NE(::kill(first, 0), 0);
    EXPECT_FALSE(child.ended());
    child.start();
    pid = child.pid();
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(ChildProcessTest, TakesTheChildrenOfItsGroupAlong) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // so that they are this process's to wait for
  ChildProcess child(shell("trap '' TERM; sleep 100 & echo $!"), log(), {.own_group = true});
  child.start();
  EXPECT_EQ(child.wait(), 0);
  const auto grandchild = static_cast<pid_t>(std::strtol(said().c_str(), nullptr, 10));
  ASSERT_GT(grandchild, 0);
  EXPECT_EQ(child.stop(1s), 0);
  int status = 0;
  EXPECT_EQ(::waitpid(grandchild, &status, 0), grandchild);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(ChildProcessTest, RunsOnTheCoresItIsGiven) {
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  int last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &all)) --last;
  ChildProcess child({"grep", "Cpus_allowed_list", "/proc/self/status"}, log(), {.cores = {last}});
  child.start();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(said(), "Cpus_allowed_list:\t" + std::to_string(last) + "\n");
}

TEST_F(ChildProcessTest, BeginsAsFromAShellWhateverThisProcessDoes) {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_GT(listener.get(), 2);
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  const int slack = ::prctl(PR_GET_TIMERSLACK);
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  ChildProcess child(
      shell("cat /proc/self/timerslack_ns; ls /proc/$$/fd; grep SigIgn /proc/$$/status"), log());
  child.start();
  ::prctl(PR_SET_TIMERSLACK, slack);
  std::signal(SIGPIPE, handler);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(said(), "50000\n0\n1\n2\nSigIgn:\t0000000000000000\n");
}

}  // namespace
}  // namespace gateway::test
