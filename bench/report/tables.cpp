#include "report/tables.hpp"

#include <fmt/format.h>

#include "report/figures.hpp"

namespace gateway::report {
namespace {

using M = Measures;

std::string runs_of(const Cell& cell) {
  return fmt::format("{} (±{:.0f} %)", cell.runs.size(), 50 * cell.spread(&M::us_per_post));
}

// Of the same group; "-" where there is nothing to compare with.
std::string times_of(const Group& group, const Cell& cell, std::string_view base) {
  const Cell* other = group.of(base);
  return other == nullptr ? "-" : times(ratio(cell, *other, &M::us_per_post));
}

// To what the same load takes without a gateway.
std::string added(const Group& group, const Cell& cell, double M::* measure) {
  const Cell* direct = group.of(kDirect);
  if (direct == nullptr || direct == &cell) return "-";
  const double difference = report::difference(cell, *direct, measure);
  return difference < 0 ? "-" + duration(-difference) : duration(difference);
}

}  // namespace

Table closed_loop_table(const Results& results) {
  Table table{"As fast as answers come",
              {"run", "load", "gateway", "CPU µs/post", "µs/record", "user + system", "x floor",
               "x cos-gateway", "posts/s", "records/s", "p50", "p99", "peak MiB", "errors",
               "missing", "runs"},
              3,
              {}};
  for (const Group& group : results.groups) {
    if (group.load.open()) continue;
    for (const Cell& cell : group.cells) {
      table.rows.push_back(
          {group.name, group.load.text(), cell.gateway, figure(cell.median(&M::us_per_post)),
           figure(cell.median(&M::us_per_record)),
           figure(cell.median(&M::user_us_per_record)) + " + " +
               figure(cell.median(&M::system_us_per_record)),
           times_of(group, cell, kFloor), times_of(group, cell, kProduct),
           figure(cell.median(&M::posts_per_s)), figure(cell.median(&M::records_per_s)),
           duration(cell.median(&M::p50)), duration(cell.median(&M::p99)),
           mebibytes(cell.median(&M::resident_peak)), whole(cell.most(&M::errors)),
           whole(cell.most(&M::missing)), runs_of(cell)});
    }
  }
  return table;
}

Table open_loop_table(const Results& results) {
  Table table{"At a fixed rate, latency from when a post was due",
              {"run", "load", "gateway", "posts/s due", "posts/s", "p50", "p90", "p99", "p99.9",
               "max", "p50 added", "p99 added", "CPU µs/post", "x cos-gateway", "waited µs/post",
               "errors", "missing", "runs"},
              3,
              {}};
  for (const Group& group : results.groups) {
    if (!group.load.open()) continue;
    for (const Cell& cell : group.cells) {
      table.rows.push_back({group.name, group.load.text(), cell.gateway, figure(group.load.rate),
                            figure(cell.median(&M::posts_per_s)), duration(cell.median(&M::p50)),
                            duration(cell.median(&M::p90)), duration(cell.median(&M::p99)),
                            duration(cell.median(&M::p999)), duration(cell.median(&M::max)),
                            added(group, cell, &M::p50), added(group, cell, &M::p99),
                            figure(cell.median(&M::us_per_post)), times_of(group, cell, kProduct),
                            figure(cell.median(&M::waited_us_per_post)),
                            whole(cell.most(&M::errors)), whole(cell.most(&M::missing)),
                            fmt::format("{}", cell.runs.size())});
    }
  }
  return table;
}

Table instructions_table(const Results& results) {
  Table table{"Instructions in user space, counted exactly",
              {"gateway", "records a post", "connections", "per post", "per record"},
              1,
              {}};
  for (const ProgramCount& each : results.instructions) {
    table.rows.push_back(
        {each.gateway, whole(each.records_per_post), whole(each.connections), whole(each.per_post),
         each.records_per_post == 0 ? "-" : whole(each.per_post / each.records_per_post)});
  }
  return table;
}

Table micro_table(const Results& results) {
  Table table{"Parts", {"part", "ns/call", "instructions/call", "instructions/item"}, 1, {}};
  for (const MicroResult& each : results.micro) {
    const auto known = [](double value, std::string (*text)(double)) {
      return value == 0 ? std::string("-") : text(value);
    };
    table.rows.push_back({each.name, known(each.nanoseconds, figure),
                          known(each.instructions, whole),
                          known(each.items == 0 ? 0 : each.instructions / each.items, whole)});
  }
  return table;
}

std::string origin(const Results& results) {
  return fmt::format("cos-gateway {} on {}, {} cores, Linux {}, {}", results.version, results.cpu,
                     results.cores, results.kernel, results.at);
}

std::string to_markdown(const Results& results) {
  std::string out = origin(results) + "\n";
  for (const Table& table : {closed_loop_table(results), open_loop_table(results),
                             instructions_table(results), micro_table(results)}) {
    if (!table.rows.empty()) out += fmt::format("\n## {}\n\n{}", table.title, to_markdown(table));
  }
  if (!results.simdjson.empty()) {
    out += fmt::format("\nInstructions are those with simdjson's code for {}.\n", results.simdjson);
  }
  if (!results.commands.empty()) out += "\n## Command lines\n\n";
  for (const std::string& command : results.commands) out += "    " + command + "\n";
  return out;
}

}  // namespace gateway::report
