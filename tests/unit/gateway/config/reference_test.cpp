#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "gateway/config/keys.hpp"
#include "testkit/text_file.hpp"

namespace gateway::config {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string line_of(const std::string& key) {
  for (const std::string& line : lines_of(reference())) {
    if (line.starts_with("| `" + key + "` |")) return line;
  }
  return {};
}

// Whoever changes a key changes this text with it.
TEST(Reference, IsWhatTheDocumentSays) {
  const std::string document =
      test::read_text(COS_GATEWAY_TEST_DATA "/../../docs/configuration.md");
  const auto begin = document.find('\n', document.find("<!-- begin of the reference")) + 1;
  const auto end = document.find("<!-- end of the reference");
  ASSERT_LT(begin, end) << "docs/configuration.md has lost the marks around the reference";
  const auto written = lines_of(document.substr(begin, end - begin));
  const auto made = lines_of(reference());
  const char* const advice =
      "docs/configuration.md is not what the code says; run ./dev reference and look at the change";
  ASSERT_EQ(written.size(), made.size()) << advice;
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_EQ(written[i], made[i]) << advice;
}

TEST(Reference, SaysOfEveryKeyWhatItTakesAndMeans) {
  Settings settings;
  Keys keys(settings);
  keys.root().visit([](const std::string& path, const Field& field, const About& about) {
    EXPECT_FALSE(about.text.empty()) << path;
    EXPECT_TRUE(about.text.ends_with('.')) << path;
    EXPECT_FALSE(field.allowed.empty()) << path;
    EXPECT_EQ(line_of(path).find('\n'), std::string::npos) << path;
    const std::string line = line_of(path);
    EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 5) << line;
  });
}

TEST(Reference, TakesTypeBoundsAndDefaultFromTheCode) {
  EXPECT_THAT(line_of("gateway.max_body"), HasSubstr("| `8MiB` | size, 1KiB to 1GiB |"));
  EXPECT_THAT(line_of("gateway.grace"), HasSubstr("| `30s` | duration, 0 to 1h |"));
  EXPECT_THAT(line_of("function.timeout"), HasSubstr("| duration, 1s to 15m, whole seconds |"));
  EXPECT_THAT(line_of("gateway.threads"), HasSubstr("| `0` | integer, 0 to 1024 |"));
  EXPECT_THAT(line_of("delivery.mode"),
              HasSubstr("| `binary` | `binary`, `structured`, `batch` |"));
  EXPECT_THAT(line_of("delivery.pipeline"), HasSubstr("| `auto`, or an integer, 1 to 1024 |"));
  EXPECT_THAT(line_of("gateway.listen"), HasSubstr("| `0.0.0.0:8080` | address |"));
  EXPECT_THAT(line_of("spool.path"), HasSubstr("| `spool.path` | | path |"));
}

TEST(Reference, SaysWhereElseAKeyComesFromAndWhatIsFollowed) {
  EXPECT_THAT(line_of("target"), HasSubstr("Environment: `CONNECTOR_TARGET`."));
  EXPECT_THAT(line_of("target"), HasSubstr("| * Required."));
  EXPECT_THAT(line_of("gateway.listen"), HasSubstr("Environment: `CONNECTOR_PORT`."));
  EXPECT_THAT(line_of("session_token"), HasSubstr("Environment: `TENCENTCLOUD_TOKEN`."));
  EXPECT_THAT(line_of("gateway.tls.cert"), HasSubstr("Followed while running."));
  EXPECT_THAT(line_of("delivery.tls.verify"), ::testing::Not(HasSubstr("Followed")));
}

}  // namespace
}  // namespace gateway::config
