// The program's command line, as people and scripts use it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/program.hpp"

namespace gateway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(CommandLineTest, TheVersionIsAskedForInEachUsualWay) {
  const ProgramRun version = run_program({"version"});
  EXPECT_EQ(version.exit_code, 0);
  for (const char* word : {"--version", "-V"}) {
    const ProgramRun run = run_program({word});
    EXPECT_EQ(run.exit_code, 0) << word;
    EXPECT_EQ(run.out, version.out) << word;
  }
}

TEST(CommandLineTest, HelpOfACommandIsAskedForInEachUsualWay) {
  const ProgramRun help = run_program({"check", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("Usage: cos-gateway check"));
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"help", "check"}, {"check", "-h"}, {"check", "--set", "a=b", "--help"}}) {
    const ProgramRun run = run_program(words);
    EXPECT_EQ(run.exit_code, 0) << words[0];
    EXPECT_EQ(run.out, help.out) << words[0];
  }
  EXPECT_EQ(run_program({"help"}).out, run_program({"--help"}).out);
}

TEST(CommandLineTest, OptionsMayStandBeforeTheCommand) {
  const std::vector<std::string> settings{"--config", "/dev/null",
                                          "--secret", "/dev/null",
                                          "--set",    "target=http://127.0.0.1:9",
                                          "--set",    "eventbus=x",
                                          "--set",    "function.provision=false",
                                          "--set",    "gateway.auth=none"};
  std::vector<std::string> before = settings;
  before.emplace_back("check");
  std::vector<std::string> after = settings;
  after.insert(after.begin(), "check");
  const ProgramRun run = run_program(before);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, run_program(after).out);
}

TEST(CommandLineTest, SpoolAndDeadLettersAreNotOnePlaceInTwoSpellings) {
  const ProgramRun run = run_program(
      {"check", "--config", "/dev/null", "--secret", "/dev/null", "--set",
       "target=http://127.0.0.1:9", "--set", "eventbus=x", "--set", "function.provision=false",
       "--set", "spool.path=/nowhere/events", "--set", "dead_letter.path=/nowhere/./events"});
  EXPECT_EQ(run.exit_code, 78);
  EXPECT_THAT(run.err, HasSubstr("dead_letter.path: names the same place as spool.path"));
}

TEST(CommandLineTest, OptionsOfAnyCommandMayStandBeforeIt) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--admin", "127.0.0.1:1", "tap"},
        {"--filter", "failed", "--admin=127.0.0.1:1", "tap", "--json"},
        {"--once", "--admin", "127.0.0.1:1", "top"}}) {
    const ProgramRun run = run_program(words);
    EXPECT_EQ(run.exit_code, 69) << words[0];
    EXPECT_THAT(run.err, HasSubstr("127.0.0.1:1: ")) << words[0];
  }
}

TEST(CommandLineTest, MistakesOfTheUserAre64WithASuggestion) {
  struct Case {
    std::vector<std::string> words;
    const char* suggestion;
  };
  for (const auto& [words, suggestion] :
       {Case{{"chek"}, "did you mean check?"},
        Case{{"inspect", "--dead-leters"}, "--dead-letters?"},
        Case{{"nothing-like-it"}, "no command nothing-like-it"},
        Case{{"help", "chek"}, "did you mean check?"}, Case{{"check", "--config"}, "--config"},
        Case{{"--confg", "config.yml"}, "did you mean --config?"},
        Case{{"-c", "config.yml"}, "run takes no -c"},
        Case{{"--confg", "config.yml", "check"}, "did you mean --config?"},
        Case{{"--config", "config.yml", "chek"}, "did you mean check?"},
        Case{{"replay", "--dead-letters", "--rate", "nan"}, "expected a number from 0.001"},
        Case{{"demo", "--rate", "nan"}, "got nan"}, Case{{"top", "--every", "0"}, "from 1 to 3600"},
        Case{{"completion", "tcsh"}, "tcsh"}, Case{{"explain"}, "file"}}) {
    const ProgramRun run = run_program(words);
    EXPECT_EQ(run.exit_code, 64) << words[0];
    EXPECT_THAT(run.err, AllOf(HasSubstr(suggestion), HasSubstr("--help"))) << words[0];
    EXPECT_EQ(run.out, "") << words[0];
  }
}

// As of a variable of a script that is not set.
TEST(CommandLineTest, AnEmptyValueIs64) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"check", "--config", ""},
                                             {"check", "--config="},
                                             {"--config", "", "check"},
                                             {"--config", ""},
                                             {"explain", ""},
                                             {"tap", "--filter", "", "--json"},
                                             {"inspect", "--list=", "--spool"}}) {
    const ProgramRun run = run_program(words);
    EXPECT_EQ(run.exit_code, 64) << words[0];
    EXPECT_THAT(run.err, HasSubstr("there is an empty value after")) << words[0];
    EXPECT_EQ(run.out, "") << words[0];
  }
}

TEST(CommandLineTest, AFileWithoutEndIsNotRead) {
  std::vector<std::string> arguments = arguments_to_run(1, 2, 3);
  arguments.front() = "explain";
  arguments.emplace_back("/dev/zero");
  const ProgramRun explained = run_program(arguments);
  EXPECT_EQ(explained.exit_code, 64);
  EXPECT_THAT(explained.err, HasSubstr("the gateway would answer 413"));
}

TEST(CommandLineTest, NoHelpIsWiderThanATerminal) {
  for (const char* command : {"run", "check", "explain", "inspect", "replay", "demo", "tap"}) {
    const std::string help = run_program({command, "--help"}).out;
    for (std::size_t at = 0, end = 0; at < help.size(); at = end + 1) {
      end = help.find('\n', at);
      EXPECT_LE(end - at, 80U) << help.substr(at, end - at);
    }
  }
}

TEST(CommandLineTest, TextThatIsCutDoesNotLookWhole) {
  for (const char* words : {"version", "man", "completion bash", "check --reference", "--help"}) {
    const std::string line =
        std::string(COS_GATEWAY_PROGRAM) + ' ' + words + " > /dev/full 2>/dev/null";
    const int status = std::system(line.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 74) << words;
  }
}

TEST(CommandLineTest, CompletionsKnowEveryCommand) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const ProgramRun run = run_program({"completion", shell});
    EXPECT_EQ(run.exit_code, 0);
    for (const char* word : {"run", "inspect", "completion", "dead-letters", "eventbus-only"}) {
      EXPECT_THAT(run.out, HasSubstr(word)) << shell;
    }
  }
}

}  // namespace
}  // namespace gateway::test
