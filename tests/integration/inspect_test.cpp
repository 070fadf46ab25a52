#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "events/cloud_event.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "stored_events.hpp"
#include "support/program.hpp"
#include "testkit/eventually.hpp"

// What `inspect` shows of stores, and what `discard` takes out of them.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using egress::StoreKind;
using egress::test::Directory;
using testing::HasSubstr;
using testing::IsEmpty;

class Inspect : public StoredEventsTest {};

TEST_F(Inspect, SumsUpBothStoresBesideTheirOwner) {
  dead_letters(5);
  const auto owned = owner(StoreKind::dead_letters);
  const auto run = run_program({"inspect", "--config", configuration(StoreKind::dead_letters)});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("dead-letters " + directory_.file() + "\n"));
  EXPECT_THAT(run.out, HasSubstr("rows              5\n"));
  EXPECT_THAT(run.out, HasSubstr("3  refused\n"));
  EXPECT_THAT(run.out, HasSubstr("2  too large\n"));
}

TEST_F(Inspect, ExportsEventsThatCanBeReadAgain) {
  dead_letters(50);
  const auto run = run_program({"inspect", "--json", "--file", directory_.file(), "--kind",
                                "dead-letters", "--reason", "refused"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  int n = 0;
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line); n += 2) {
    const auto event = events::read_structured_event(line);
    ASSERT_TRUE(event) << event.error().reason();
    EXPECT_EQ(event->attribute("id"), name(n));
    EXPECT_EQ(event->data, data(n));
    EXPECT_THAT(std::string(event->attribute("storedrow")), HasSubstr("\"reason\":\"refused\""));
  }
  EXPECT_EQ(n, 50);
}

TEST_F(Inspect, ListsAndShowsRows) {
  spool(10);
  const std::vector<std::string> file{"--file", directory_.file(), "--kind", "spool"};
  const auto inspect = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "inspect");
    arguments.insert(arguments.end(), file.begin(), file.end());
    return run_program(arguments);
  };
  const auto list = inspect({"--list", "--limit", "3", "--since", "2026-01-02"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_EQ(std::ranges::count(list.out, '\n'), 3);
  EXPECT_THAT(inspect({"--list", "--until", "2026-01-02"}).out, IsEmpty());
  const auto shown = inspect({"--show", "4"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("id        id-3\n"), HasSubstr(stored(3).json)));
  const auto missing = inspect({"--show", "40"});
  EXPECT_EQ(missing.exit_code, 69);
  EXPECT_THAT(missing.err, HasSubstr("there is no row 40"));
  EXPECT_EQ(inspect({"--list", "--json"}).exit_code, 64);
}

// Turns a byte of the data of id-`n` into another.
void damage(const Directory& directory, int n) {
  std::fstream file(directory.segment(), std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::size_t at = bytes.find(fmt::format("\"n\":{},", n));
  ASSERT_NE(at, std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(at));
  file.put('#');
}

TEST_F(Inspect, ListsDamagedRowsByTheirNumbers) {
  spool(10);
  damage(directory_, 4);
  const auto inspect = [&](const std::string& option) {
    return run_program({"inspect", option, "--file", directory_.file(), "--kind", "spool"});
  };
  EXPECT_THAT(inspect("--list").out, HasSubstr("5\t-\t-\t-\t-\tdamaged\t-\t-\n"));
  EXPECT_EQ(std::ranges::count(inspect("--list").out, '\n'), 10);
  EXPECT_THAT(inspect("--json").err, HasSubstr("damaged rows: 1"));
  const auto summary = inspect("--damaged");
  EXPECT_THAT(summary.out, HasSubstr("rows              0\n"));
  EXPECT_THAT(summary.out, HasSubstr("damaged rows      1\n"));
}

TEST_F(Inspect, ListsDamagedRowsAmongTheOthersUpToTheLimit) {
  spool(6);
  for (const int n : {0, 1, 3}) damage(directory_, n);
  const auto listed = [&](const std::string& limit) {
    std::istringstream lines(run_program({"inspect", "--list", "--limit", limit, "--file",
                                          directory_.file(), "--kind", "spool"})
                                 .out);
    std::string numbers;
    for (std::string line; std::getline(lines, line);) {
      numbers += line.substr(0, line.find('\t')) + ' ';
    }
    return numbers;
  };
  EXPECT_EQ(listed("2"), "1 2 ");
  EXPECT_EQ(listed("5"), "1 2 3 4 5 ");
  EXPECT_EQ(listed("9"), "1 2 3 4 5 6 ");
}

TEST_F(Inspect, SaysWhyAFolderCannotBeRead) {
  const std::string link = directory_.file("link");
  std::filesystem::create_symlink(link, link);  // closed to root as well
  const auto run = run_program({"inspect", "--file", link + "/spool.db", "--kind", "spool"});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.err, HasSubstr("the folder " + link + " cannot be read: Too many levels"));
  const auto missing =
      run_program({"inspect", "--file", directory_.file("none.db"), "--kind", "spool"});
  EXPECT_THAT(missing.err, HasSubstr("none.db: there is no store"));
}

// As of a gateway that has had nothing to write yet, or has sent all of it.
TEST_F(Inspect, FindsNoRowsInAConfiguredStoreWithoutFiles) {
  dead_letters(2);
  const std::string config = configuration(StoreKind::dead_letters);
  const std::string path = directory_.file("empty.db");
  const auto run = [&](std::vector<std::string> words, const std::string& spool) {
    words.insert(words.end(), {"--config", config, "--set", "spool.path=" + spool});
    return run_program(words);
  };
  const auto both = run({"inspect"}, path);
  EXPECT_EQ(both.exit_code, 0) << both.err;
  EXPECT_THAT(both.out, AllOf(HasSubstr("spool " + path + "\n  rows              0\n"),
                              HasSubstr("rows              2\n")));
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"inspect", "--spool", "--list"},
                                             {"replay", "--spool"},
                                             {"replay", "--spool", "--dry-run"},
                                             {"discard", "--spool", "--damaged"}}) {
    const auto empty = run(words, path);
    EXPECT_EQ(empty.exit_code, 0) << words[0] << empty.err;
    const auto nowhere = run(words, directory_.file("nowhere") + "/spool.db");
    EXPECT_EQ(nowhere.exit_code, 69) << words[0] << nowhere.out;
    EXPECT_THAT(nowhere.err, HasSubstr("nowhere/spool.db: there is no store"));
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".lock")) << "nothing is written";
}

TEST_F(Inspect, CountsByBucket) {
  spool(5);
  const auto run = run_program({"inspect", "--file", directory_.file(), "--kind", "spool"});
  EXPECT_THAT(run.out, HasSubstr("3  even-1250000000\n"));
  EXPECT_THAT(run.out, HasSubstr("2  odd-1250000000\n"));
}

class Discard : public StoredEventsTest {
 protected:
  [[nodiscard]] static ProgramRun discard(const std::string& config,
                                          std::vector<std::string> options) {
    std::vector<std::string> all{"discard", "--config", config};
    all.insert(all.end(), options.begin(), options.end());
    return run_program(all);
  }
};

TEST_F(Discard, RemovesWhatIsAskedForBesideAGatewayWhichGivesTheSpaceBack) {
  dead_letters(20);
  const std::string config = configuration(StoreKind::dead_letters);
  egress::StoreWriter gateway(owner(StoreKind::dead_letters));
  const auto dry = discard(config, {"--dead-letters", "--reason", "too large", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("Would be discarded"));
  EXPECT_THAT(dry.out, HasSubstr("id-3\t"));
  const auto unasked = discard(config, {"--dead-letters", "--reason", "too large"});
  EXPECT_EQ(unasked.exit_code, 64);
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  EXPECT_EQ(gateway.backlog(), 20u);
  const auto run = discard(config, {"--dead-letters", "--reason", "too large", "--yes"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("discarded 10\n"));
  EXPECT_TRUE(eventually([&] { return gateway.backlog() == 10; }));
  EXPECT_EQ(discard(config, {"--dead-letters", "--yes"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return gateway.backlog() == 0 && directory_.segment().empty(); }));
}

// An option that is there is to choose rows; without a value it does not say which.
TEST_F(Discard, TakesNoEmptyValueForNone) {
  dead_letters(3);
  const std::string config = configuration(StoreKind::dead_letters);
  for (const char* option :
       {"--since", "--until", "--bucket", "--prefix", "--reason", "--target", "--limit"}) {
    EXPECT_EQ(discard(config, {"--dead-letters", "--yes", option, ""}).exit_code, 64) << option;
    EXPECT_EQ(discard(config, {"--dead-letters", "--yes", std::string(option) + '='}).exit_code, 64)
        << option;
  }
  const auto file =
      discard(config, {"--file", "", "--kind", "dead-letters", "--dead-letters", "--yes"});
  EXPECT_EQ(file.exit_code, 64);
  EXPECT_THAT(file.err, HasSubstr("there is an empty value after --file"));
  EXPECT_EQ(kept(StoreKind::dead_letters).size(), 3u);
}

TEST_F(Discard, AsksOnATerminal) {
  dead_letters(2);
  const auto answered = [config = configuration(StoreKind::dead_letters)](const std::string& text) {
    int keyboard = -1;
    int terminal = -1;
    EXPECT_EQ(openpty(&keyboard, &terminal, nullptr, nullptr, nullptr), 0);
    EXPECT_EQ(write(keyboard, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    RunningProgram program({"discard", "--config", config, "--dead-letters"},
                           [terminal] { dup2(terminal, STDIN_FILENO); });
    auto run = program.wait();
    close(keyboard);
    close(terminal);
    return run;
  };
  for (const char* text : {"\n", "n\n", "yesss\n", "no, y\n"}) {
    const auto run = answered(text);
    EXPECT_EQ(run.exit_code, 0) << text << run.err;
    EXPECT_THAT(run.out, HasSubstr("nothing was discarded\n")) << text;
  }
  EXPECT_EQ(kept(StoreKind::dead_letters).size(), 2u);
  EXPECT_THAT(answered("Yes\n").out, HasSubstr("discarded 2\n"));
  EXPECT_THAT(kept(StoreKind::dead_letters), IsEmpty());
}

TEST_F(Discard, TakesTheReplayedOnesAlone) {
  dead_letters(10);
  const std::string config = configuration(StoreKind::dead_letters);
  const auto replayed =
      run_program({"replay", "--config", config, "--dead-letters", "--limit", "4"});
  ASSERT_EQ(replayed.exit_code, 0) << replayed.err;
  const auto run = discard(config, {"--dead-letters", "--replayed", "--yes"});
  EXPECT_THAT(run.out, HasSubstr("discarded 4\n"));
  EXPECT_EQ(kept(StoreKind::dead_letters).size(), 6u);
}

TEST_F(Discard, TakesOfASpoolOnlyWhatCannotBeRead) {
  spool(10);
  damage(directory_, 4);
  const std::string config = configuration(StoreKind::spool);
  EXPECT_EQ(discard(config, {"--spool", "--yes"}).exit_code, 64);
  const auto run = discard(config, {"--spool", "--damaged", "--yes"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("discarded 1\n"));
  EXPECT_EQ(kept(StoreKind::spool).size(), 9u);
  EXPECT_THAT(discard(config, {"--spool", "--damaged", "--yes"}).out,
              HasSubstr("rows              0"));
}

TEST_F(Discard, TakesNoMoreDamagedRowsThanItIsTold) {
  spool(10);
  for (const int n : {2, 4, 6}) damage(directory_, n);
  const std::string config = configuration(StoreKind::spool);
  EXPECT_THAT(discard(config, {"--spool", "--damaged", "--limit", "1", "--yes"}).out,
              HasSubstr("discarded 1\n"));
  EXPECT_THAT(discard(config, {"--spool", "--damaged", "--yes"}).out, HasSubstr("discarded 2\n"));
}

TEST_F(Inspect, TellsOneKindOfStoreFromTheOther) {
  spool(1);
  const auto run = run_program({"inspect", "--file", directory_.file(), "--kind", "dead-letters"});
  EXPECT_EQ(run.exit_code, 69);
  EXPECT_THAT(run.err, HasSubstr("it holds a spool, not dead letters"));
  EXPECT_EQ(run_program({"inspect", "--file", directory_.file()}).exit_code, 64);
  EXPECT_EQ(run_program({"inspect"}).exit_code, 78);
}

}  // namespace
}  // namespace gateway::test
