#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "support/exposition.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The metrics a text names, without what queries add to the name of a histogram.
std::set<std::string> metrics_in(const std::string& text) {
  static const std::regex name("(cos_gateway|process)_[a-z_]+[a-z]");
  static const std::regex part_of_histogram("_seconds_(bucket|sum|count)$");
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
    names.insert(std::regex_replace(at->str(), part_of_histogram, "_seconds"));
  }
  return names;
}

TEST(DeployFiles, NameOnlyMetricsThereAre) {
  ScriptedEventbus bus;
  const TemporaryFolder folder;
  auto settings = loopback_settings(bus.port());
  settings.spool.path = folder.file("spool.db");
  settings.dead_letter.path = folder.file("dead-letters.db");
  config::BucketEntry entry;
  entry.bucket.endpoint = "pictures-1250000000.cos.ap-guangzhou.myqcloud.com";
  entry.target = settings.target;
  entry.eventbus = settings.eventbus;
  settings.buckets.push_back(entry);
  const RunningGateway gateway(settings);
  const auto there = parse_exposition(gateway.connect_admin().get("/metrics").body).types;
  const std::string deploy = COS_GATEWAY_DEPLOY;
  for (const auto& [file, least] :
       {std::pair{"/prometheus/alerts.yml", 10}, std::pair{"/prometheus/alerts_test.yml", 10},
        std::pair{"/grafana/cos-gateway.json", 15}}) {
    const auto names = metrics_in(content_of(deploy + file));
    EXPECT_GE(names.size(), static_cast<std::size_t>(least)) << file;
    for (const auto& name : names) EXPECT_TRUE(there.contains(name)) << file << ": " << name;
  }
}

}  // namespace
}  // namespace gateway::test
