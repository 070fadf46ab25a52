#pragma once
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::report {

// One run as cos-bench writes it, with what the tests look at.
struct RunText {
  std::string name = "conns64-records1";
  std::string gateway = "cos-gateway";
  int repetition = 1;
  double connections = 64;
  double rate = 0;
  std::string records = "1";
  double us_per_post = 10;
  double posts_per_s = 1000;
  double p99 = 500;
  int missing = 0;

  [[nodiscard]] std::string json() const {
    return fmt::format(
        R"({{"name":"{}","command":"cos-bench suite","repetition":{},"gateway":{{"kind":"{}"}},)"
        R"("load":{{"loop":"{}","connections":{},"depth":1,"rate":{},"records_per_post":"{}"}},)"
        R"("sink":{{"latency_us":0,"fail_share":0}},"result":{{"posts":1000,"records":1000,)"
        R"("errors":{{}},"posts_per_s":{},"latency_us":{{"p50":100,"p99":{}}},)"
        R"("histogram":[[90,5],[110,15]],"cpu":{{"us_per_post":{},"us_per_record":{}}},)"
        R"("resident_bytes":{{"idle":1048576,"peak":2097152}},"missing":{}}}}})",
        name, repetition, gateway, rate == 0 ? "closed" : "open", connections, rate, records,
        posts_per_s, p99, us_per_post, us_per_post, missing);
  }
};

inline boost::json::value results_of(const std::vector<RunText>& runs, std::string_view more = {}) {
  std::string text =
      R"({"schema":1,"program":{"version":"1.2.3"},"machine":{"cpu":"CPU","cores":2,"kernel":"6.1"},)"
      R"("at":"2026-01-02T03:04:05Z","runs":[)";
  for (std::size_t i = 0; i < runs.size(); ++i) text += (i == 0 ? "" : ",") + runs[i].json();
  return boost::json::parse(text + "]" + std::string(more) + "}");
}

}  // namespace gateway::report
