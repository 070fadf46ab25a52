#include "gateway/observe/admin_access.hpp"

#include <gtest/gtest.h>

#include <string>

#include "events/base64.hpp"

namespace gateway::observe {
namespace {

using Verdict = AdminAccess::Verdict;

const std::string kGuarded[] = {"/", "/status", "/stream", "/config", "/history"};

std::string basic(std::string_view text) {
  std::string value = "Basic ";
  events::append_base64(value, text);
  return value;
}

TEST(AdminAccess, AsksForNothingThatIsNotConfigured) {
  const AdminAccess access(Secret(), "");
  for (const std::string& path : kGuarded) EXPECT_EQ(access.judge(path, "", ""), Verdict::allowed);
}

TEST(AdminAccess, ProbesAndScrapersAlwaysGetThrough) {
  const AdminAccess access(Secret("t0ken"), "gateway.example");
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(access.judge(path, "10.0.0.7:9464", ""), Verdict::allowed) << path;
  }
}

TEST(AdminAccess, TakesTheTokenFromProgramsAndFromBrowsers) {
  const AdminAccess access(Secret("t0ken"), "");
  for (const std::string& path : kGuarded) {
    EXPECT_EQ(access.judge(path, "h", "Bearer t0ken"), Verdict::allowed);
    EXPECT_EQ(access.judge(path, "h", "bearer  t0ken"), Verdict::allowed);
    EXPECT_EQ(access.judge(path, "h", basic("anybody:t0ken")), Verdict::allowed);
    EXPECT_EQ(access.judge(path, "h", basic(":t0ken")), Verdict::allowed);
  }
}

TEST(AdminAccess, RefusesEverythingElse) {
  const AdminAccess access(Secret("t0ken"), "");
  for (const std::string& value :
       {std::string(), std::string("t0ken"), std::string("Bearer"), std::string("Bearer "),
        std::string("Bearer t0ke"), std::string("Bearer t0kenx"), std::string("Digest t0ken"),
        basic("t0ken"), basic("a:t0ke"), std::string("Basic ***"), std::string("Basic")}) {
    EXPECT_EQ(access.judge("/status", "h", value), Verdict::no_token) << value;
  }
}

TEST(AdminAccess, ChecksTheHost) {
  const AdminAccess access(Secret(), "Gateway.example");
  EXPECT_EQ(access.judge("/", "gateway.example", ""), Verdict::allowed);
  EXPECT_EQ(access.judge("/", "GATEWAY.example:9464", ""), Verdict::allowed);
  for (const char* host : {"", "evil.example", "gateway.example.evil", "10.0.0.7:9464", ":9464"}) {
    EXPECT_EQ(access.judge("/status", host, ""), Verdict::wrong_host) << host;
  }
  const AdminAccess numeric(Secret(), "::1");
  EXPECT_EQ(numeric.judge("/", "[::1]:9464", ""), Verdict::allowed);
  EXPECT_EQ(numeric.judge("/", "[::1]", ""), Verdict::allowed);
  EXPECT_EQ(numeric.judge("/", "[::2]:9464", ""), Verdict::wrong_host);
}

TEST(AdminAccess, AWrongHostIsNotAskedForTheToken) {
  const AdminAccess access(Secret("t0ken"), "gateway.example");
  EXPECT_EQ(access.judge("/", "evil.example", "Bearer t0ken"), Verdict::wrong_host);
  EXPECT_EQ(access.judge("/", "gateway.example", ""), Verdict::no_token);
}

}  // namespace
}  // namespace gateway::observe
