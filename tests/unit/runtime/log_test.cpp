#include "runtime/log.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>

#include "support/json_reference.hpp"

namespace gateway::log {
namespace {

template <class Write>
std::string lines_of(Level least, Format format, Write write) {
  testing::internal::CaptureStderr();
  start(least, format);
  write();
  stop();
  return testing::internal::GetCapturedStderr();
}

void expect_contains(const std::string& text, std::string_view part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(LogField, KnowsNumbersFromText) {
  EXPECT_FALSE(Field("name", "5").number);
  EXPECT_FALSE(Field("name", std::string("text")).number);
  EXPECT_TRUE(Field("name", 5U).number);
  EXPECT_EQ(Field("name", -5).value, "-5");
  EXPECT_EQ(Field("name", std::numeric_limits<std::uint64_t>::max()).value, "18446744073709551615");
  EXPECT_EQ(Field("name", 0.5).value, "0.5");
}

TEST(Log, WritesOneJsonObjectALine) {
  const std::string text = lines_of(Level::info, Format::json, [] {
    info("a \"message\"\nof two lines", {{"number", 7}, {"text", "x\\y"}, {"empty", ""}});
  });
  ASSERT_TRUE(text.ends_with("\n"));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_TRUE(test::JsonReference(text).valid()) << text;
  expect_contains(text,
                  R"("message":"a \"message\"\nof two lines","number":7,"text":"x\\y","empty":"")");
}

TEST(Log, PutsThePriorityInFrontForTheJournal) {
  testing::internal::CaptureStderr();
  struct stat file{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &file), 0);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", file.st_dev, file.st_ino).c_str(), 1);
  start(Level::debug, Format::json);
  debug("one");
  info("two");
  warn("three");
  error("four");
  stop();
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  start(Level::info, Format::json);
  info("into another file");
  stop();
  ::unsetenv("JOURNAL_STREAM");
  const std::string text = testing::internal::GetCapturedStderr();
  std::string priorities;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    const std::size_t begin = rest.find('{');
    priorities += rest.substr(0, begin);
    EXPECT_TRUE(test::JsonReference(rest.substr(begin, rest.find('\n') - begin)).valid()) << rest;
  }
  EXPECT_EQ(priorities, "<7><6><4><3>");
}

TEST(Log, QuotesWhatWouldBreakALineOfText) {
  const std::string text = lines_of(Level::info, Format::text, [] {
    warn("message", {{"plain", "a:b/c"}, {"blank", "a b"}, {"line", "a\nb"}, {"empty", ""}});
  });
  expect_contains(text, R"(message  plain=a:b/c  blank="a b"  line="a\nb"  empty="")");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  const std::string text = lines_of(Level::warn, Format::text, [] {
    EXPECT_FALSE(enabled(Level::info));
    EXPECT_TRUE(enabled(Level::warn));
    info("lower");
    error("higher");
  });
  EXPECT_EQ(text.find("lower"), std::string::npos);
  expect_contains(text, "higher");
}

TEST(Log, TellsOfAnException) {
  const std::string text = lines_of(Level::info, Format::text, [] {
    internal_error("shard", std::make_exception_ptr(std::runtime_error("no luck")));
    internal_error("shard", std::make_exception_ptr(5));
  });
  expect_contains(text, R"(internal error  where=shard  what="no luck")");
  expect_contains(text, R"(what="not a std::exception")");
}

TEST(Log, IsSilentOnceStopped) {
  const std::string text = lines_of(Level::debug, Format::text, [] {
    stop();
    EXPECT_FALSE(enabled(Level::error));
    debug("after the end");
    error("after the end");
  });
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace gateway::log
