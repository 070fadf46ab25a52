#include "report/html_report.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "report/compare.hpp"
#include "report/figures.hpp"
#include "report/page.hpp"
#include "report/plot.hpp"
#include "report/plots.hpp"
#include "report/results.hpp"
#include "report/tables.hpp"

namespace gateway::report {
namespace {

using M = Measures;

std::string tile(std::string_view value, std::string_view what) {
  return fmt::format("<li><b>{}</b><span>{}</span></li>", escaped(value), escaped(what));
}

// What most readers come for, as far as it was measured.
std::string tiles(const Results& results) {
  std::string out;
  double missing = 0;
  constexpr int kMostLoads = 3;
  int loads = 0;
  for (const Group& group : results.groups) {
    for (const Cell& cell : group.cells) {
      if (cell.gateway.starts_with(kProduct)) missing += cell.most(&M::missing);
    }
    const Cell* cell = group.of(kProduct);
    if (cell == nullptr || group.load.open() || cell->median(&M::us_per_record) == 0) continue;
    const Cell* floor = group.of(kFloor);
    if (floor == nullptr || ++loads > kMostLoads) continue;
    out += tile(duration(cell->median(&M::us_per_record)),
                fmt::format("CPU per record: {}; {} the floor", group.load.text(),
                            times(ratio(*cell, *floor, &M::us_per_post))));
  }
  for (const ProgramCount& count : results.instructions) {
    if (count.gateway != kProduct || count.records_per_post == 0) continue;
    out += tile(whole(count.per_post / count.records_per_post),
                fmt::format("user instructions per record, {} a post", count.records_per_post));
  }
  if (!results.groups.empty()) {
    out += tile(whole(missing), "records acknowledged that did not arrive");
  }
  return "<ul class=\"tiles\">" + out + "</ul>\n";
}

void add_section(std::string& out, std::string_view heading, std::string_view text,
                 const std::vector<Plot>& plots, const Table& table) {
  if (plots.empty() && table.rows.empty()) return;
  out += fmt::format("<section><h2>{}</h2><p>{}</p>\n<div class=\"plots\">", escaped(heading),
                     escaped(text));
  for (const Plot& plot : plots) out += draw(plot);
  out += "</div>\n";
  if (!table.rows.empty()) out += to_html(table);
  out += "</section>\n";
}

Table quantiles_table(const Results& results) {
  Table table{"", {"run", "load", "gateway", "p50", "p90", "p99", "p99.9", "max"}, 3, {}};
  for (const Group& group : results.groups) {
    for (const Cell& cell : group.cells) {
      table.rows.push_back({group.name, group.load.text(), cell.gateway,
                            duration(cell.median(&M::p50)), duration(cell.median(&M::p90)),
                            duration(cell.median(&M::p99)), duration(cell.median(&M::p999)),
                            duration(cell.median(&M::max))});
    }
  }
  return table;
}

void add_histograms(std::string& out, const Results& results) {
  const auto plots = latency_histograms(results);
  if (plots.empty()) return;
  out +=
      "<section><h2>Latency</h2><p>Share of posts in each twentieth of a decade, all "
      "repetitions together.</p>\n";
  constexpr std::size_t kShown = 2;
  out += "<div class=\"plots\">";
  for (std::size_t i = 0; i < plots.size(); ++i) {
    if (i == kShown) {
      out += fmt::format("</div><details><summary>{} more</summary><div class=\"plots\">",
                         plots.size() - kShown);
    }
    out += draw(plots[i]);
  }
  out += plots.size() > kShown ? "</div></details>\n" : "</div>\n";
  out += to_html(quantiles_table(results)) + "</section>\n";
}

void add_comparison(std::string& out, const Results& results, const Results& previous) {
  const auto changes = compare(results, previous);
  out += fmt::format(
      "<section><h2>Against the previous run</h2><p>{}. A change counts when it is "
      "beyond the noise: the threshold, or half the spread of both runs where that "
      "is wider.</p>\n",
      escaped(origin(previous)));
  Table notable = to_table(changes, false);
  notable.title.clear();
  out += notable.rows.empty() ? "<p>Nothing has changed.</p>\n" : to_html(notable);
  Table all = to_table(changes, true);
  all.title.clear();
  out += fmt::format("<details><summary>All {} figures</summary>{}</details></section>\n",
                     changes.size(), to_html(all));
}

}  // namespace

std::string render_html(const boost::json::value& json, const boost::json::value* previous) {
  const Results results = read_results(json);
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>cos-bench: {0}</title><style>{1}</style></head><body>\n"
      "<h1>What the gateway costs</h1><p class=\"dim\">{0}</p>\n",
      escaped(origin(results)), style_sheet());
  out += tiles(results);
  add_section(out, "CPU per record",
              "CPU time of the gateway alone, user and system. The floor is a bare gateway that "
              "validates nothing and never retries. Marks are medians, bars go from the least to "
              "the most of the repetitions.",
              cpu_by_batch(results), closed_loop_table(results));
  add_section(out, "Throughput against latency",
              "Posts acknowledged per second, and how long an acknowledgement took.",
              latency_by_throughput(results), open_loop_table(results));
  add_histograms(out, results);
  std::vector<Plot> scaling = cpu_by_connections(results);
  for (Plot& plot : memory_by_connections(results)) scaling.push_back(std::move(plot));
  add_section(out, "Connections", "The figures are in the first table.", scaling, {});
  if (previous != nullptr) add_comparison(out, results, read_results(*previous));
  add_section(out, "Instructions", "Counted by callgrind: they repeat exactly.", {},
              instructions_table(results));
  add_section(out, "Parts",
              results.simdjson.empty()
                  ? std::string("Single parts, on their own and in warm caches.")
                  : fmt::format("Single parts, on their own and in warm caches; instructions are "
                                "those with simdjson's code for {}.",
                                results.simdjson),
              {}, micro_table(results));
  if (!results.commands.empty()) {
    out += "<section><h2>Command lines</h2><pre>";
    for (const std::string& command : results.commands) out += escaped(command) + "\n";
    out += "</pre></section>\n";
  }
  return out +
         fmt::format("<div id=\"tip\" role=\"status\"></div><script>{}</script></body></html>\n",
                     script());
}

}  // namespace gateway::report
