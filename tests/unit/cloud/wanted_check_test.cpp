#include "cloud/wanted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/wanted_relay.hpp"

namespace gateway::cloud {
namespace {

using testing::HasSubstr;
using testing::Optional;

Wanted with_variable(const std::string& name, const std::string& value) {
  Wanted wanted = test::wanted_relay();
  wanted.environment = {{name, value}};
  return wanted;
}

Wanted with_zip(std::size_t size) {
  Wanted wanted = test::wanted_relay();
  InlineCode code;
  code.zip.assign(size, 'z');
  wanted.code = code;
  return wanted;
}

TEST(WantedCheck, FindsNothingWrongWithWhatCanBe) {
  EXPECT_EQ(problem_with(test::wanted_relay()), std::nullopt);
  EXPECT_EQ(problem_with(with_variable("K", std::string(4095, 'x'))), std::nullopt);
  EXPECT_EQ(problem_with(with_zip(7'000'000)), std::nullopt);
}

TEST(WantedCheck, KeepsToTheRulesOfTheEnvironment) {
  EXPECT_THAT(problem_with(with_variable("K", std::string(4096, 'x'))),
              Optional(HasSubstr("4097 bytes")));
  EXPECT_THAT(problem_with(with_variable("K", "")), Optional(HasSubstr("'K' is empty")));
  for (const std::string name : {"SCF_A", "QCLOUD_A", "TENCENTCLOUD_A"}) {
    EXPECT_THAT(problem_with(with_variable(name, "x")), Optional(HasSubstr("reserved")));
  }
  for (const std::string name : {"", "1A", "_A", "A-B", "A B"}) {
    EXPECT_THAT(problem_with(with_variable(name, "x")), Optional(HasSubstr("is no name")));
  }
}

TEST(WantedCheck, KeepsToTheSizeOfARequest) {
  EXPECT_THAT(problem_with(with_zip(0)), Optional(HasSubstr("empty")));
  EXPECT_THAT(problem_with(with_zip(7'900'000)), Optional(HasSubstr("7900000 bytes")));
}

TEST(WantedCheck, DoesNotTellAValue) {
  const auto problem = problem_with(with_variable("K", "s3cret" + std::string(5000, 'x')));
  EXPECT_THAT(problem, Optional(testing::Not(HasSubstr("s3cret"))));
}

}  // namespace
}  // namespace gateway::cloud
