#include "load/result.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <boost/json/array.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "events/rfc3339.hpp"
#include "gateway/version.hpp"

namespace gateway::load {
namespace {

namespace json = boost::json;

json::object this_machine() {
  utsname kernel{};
  ::uname(&kernel);
  std::string cpu = kernel.machine;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (!line.starts_with("model name") || colon == std::string::npos) continue;
    cpu = line.substr(colon + 2);
    break;
  }
  return {{"cpu", cpu}, {"cores", std::thread::hardware_concurrency()}, {"kernel", kernel.release}};
}

// Returns the time of the wall clock as RFC 3339, in UTC.
std::string now_text() {
  std::string text(events::kRfc3339Size, '\0');
  events::write_rfc3339(
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()), text.data());
  return text;
}

}  // namespace

double figure(const RunResult& run, std::string_view pointer) {
  boost::system::error_code unknown;
  const json::value* const found = run.find_pointer(fmt::format("/result{}", pointer), unknown);
  return found != nullptr ? found->to_number<double>() : 0;
}

std::string_view name_of(const RunResult& run) {
  return run.at("name").as_string();
}

std::string_view gateway_of(const RunResult& run) {
  return run.at("gateway").at("kind").as_string();
}

double errors_of(const RunResult& run) {
  double sum = 0;
  for (const auto& error : run.at("result").at("errors").as_object()) {
    sum += error.value().to_number<double>();
  }
  return sum;
}

json::object document(const std::vector<RunResult>& results, const std::string& git) {
  json::object program{{"version", kVersion}};
  if (!git.empty()) program["git"] = git;
  return {{"schema", 1},
          {"program", std::move(program)},
          {"machine", this_machine()},
          {"at", now_text()},
          {"runs", json::array(results.begin(), results.end())}};
}

}  // namespace gateway::load
