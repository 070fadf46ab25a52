#include "report/join.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <cstdint>
#include <map>
#include <string_view>

namespace gateway::report {
namespace {

namespace json = boost::json;

json::array list(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
  const json::array* array = member == nullptr ? nullptr : member->if_array();
  return array == nullptr ? json::array() : *array;
}

constexpr std::int64_t kMostRepetitions = 1000;

void renumber(json::value& run, std::int64_t first) {
  json::object* object = run.if_object();
  json::value* repetition = object == nullptr ? nullptr : object->if_contains("repetition");
  if (repetition != nullptr && repetition->is_int64()) {
    *repetition = repetition->get_int64() + first;
  }
}

double nanoseconds(const json::object& benchmark) {
  const json::value* time = benchmark.if_contains("real_time");
  const json::value* unit = benchmark.if_contains("time_unit");
  const double value = time != nullptr && time->is_double() ? time->get_double() : 0;
  if (unit == nullptr || !unit->is_string()) return value;
  const std::string_view name = unit->get_string();
  if (name == "us") return value * 1e3;
  return name == "ms" ? value * 1e6 : value;
}

// Counted parts first, then those that were only timed, as what touches a disk is.
json::object micro(const Parts& parts) {
  std::map<std::string, double> times;
  std::vector<std::string> order;
  for (const json::value& benchmark : list(parts.micro_times, "benchmarks")) {
    const json::object* object = benchmark.if_object();
    const json::value* name = object == nullptr ? nullptr : object->if_contains("name");
    if (name == nullptr || !name->is_string()) continue;
    order.emplace_back(name->get_string());
    times[order.back()] = nanoseconds(*object);
  }
  json::array subjects;
  for (const json::value& counted : list(parts.micro_instructions, "subjects")) {
    if (!counted.is_object()) continue;
    json::object subject = counted.get_object();
    const json::value* name = subject.if_contains("name");
    if (name != nullptr && name->is_string()) {
      if (const auto time = times.find(std::string(name->get_string())); time != times.end()) {
        subject["nanoseconds"] = time->second;
        times.erase(time);
      }
    }
    subjects.push_back(std::move(subject));
  }
  for (const std::string& name : order) {
    if (const auto time = times.find(name); time != times.end()) {
      subjects.push_back({{"name", name}, {"items", 1}, {"nanoseconds", time->second}});
    }
  }
  json::object result{{"subjects", std::move(subjects)}};
  if (const json::object* counts = parts.micro_instructions.if_object()) {
    if (const json::value* simdjson = counts->if_contains("simdjson")) {
      result["simdjson"] = *simdjson;
    }
  }
  return result;
}

}  // namespace

std::string join(const Parts& parts) {
  json::object document;
  json::array runs;
  // Only runs of one suite took turns: the repetitions of others get numbers of their own.
  std::int64_t first_repetition = 0;
  for (const json::value& suite : parts.suites) {
    if (document.empty() && suite.is_object()) document = suite.get_object();
    for (json::value& run : list(suite, "runs")) {
      renumber(run, first_repetition);
      runs.push_back(std::move(run));
    }
    first_repetition += kMostRepetitions;
  }
  document["runs"] = std::move(runs);
  document["micro"] = micro(parts);
  document["instructions"] = list(parts.instructions, "counts");
  document["commands"] = json::value_from(parts.commands);
  return json::serialize(document) + "\n";
}

}  // namespace gateway::report
