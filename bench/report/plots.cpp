#include "report/plots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <tuple>

#include "report/figures.hpp"

namespace gateway::report {
namespace {

using M = Measures;

// Loads that are equal but for what a plot runs over.
struct Family {
  std::string text;
  std::vector<const Group*> groups;
};

// `alike`: makes two loads equal that belong together; without an answer a load does not belong.
template <class Alike>
std::vector<Family> families(const Results& results, Alike alike) {
  std::vector<Family> all;
  for (const Group& group : results.groups) {
    Load load = group.load;
    if (!alike(load)) continue;
    const std::string text = load.text();
    auto family = std::ranges::find(all, text, &Family::text);
    if (family == all.end()) family = all.insert(all.end(), Family{text, {}});
    family->groups.push_back(&group);
  }
  const auto place = [](const Group* group) {
    const Load& load = group->load;
    return std::tuple(load.records_per_post, load.connections, load.rate);
  };
  for (Family& family : all) {
    // Of runs that look alike, as one with longer keys does, the first is the plain one.
    std::vector<const Group*> plain;
    for (const Group* group : family.groups) {
      if (std::ranges::find(plain, place(group), place) == plain.end()) plain.push_back(group);
    }
    std::ranges::sort(plain, {}, place);
    family.groups = std::move(plain);
  }
  return all;
}

unsigned colour_of(const Results& results, std::string_view gateway) {
  const auto names = gateways(results);
  return static_cast<unsigned>(std::ranges::find(names, gateway) - names.begin());
}

using ToPoint = std::function<Point(const Group&, const Cell&)>;

// A line a gateway through all groups of the family.
std::vector<Series> lines(const Results& results, const Family& family, const ToPoint& to_point) {
  std::vector<Series> all;
  for (const std::string& gateway : gateways(results)) {
    Series series{gateway, colour_of(results, gateway), false, {}};
    for (const Group* group : family.groups) {
      if (const Cell* cell = group->of(gateway)) series.points.push_back(to_point(*group, *cell));
    }
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

bool is_line(const std::vector<Series>& all) {
  return std::ranges::any_of(
      all, [](const Series& series) { return series.points.front().x != series.points.back().x; });
}

std::string spread_text(const Cell& cell, double M::* measure, const char* unit) {
  return fmt::format("{} {} ({} to {}, {} runs)", figure(cell.median(measure)), unit,
                     figure(cell.least(measure)), figure(cell.most(measure)), cell.runs.size());
}

bool over_connections(Load& load) {
  load.connections = 0;
  return !load.open();
}

std::string without_connections(std::string text) {
  return text.substr(text.find(", ") + 2);
}

std::vector<Plot> by_connections(const Results& results, const Plot& like,
                                 const ToPoint& to_point) {
  std::vector<Plot> plots;
  for (const Family& family : families(results, over_connections)) {
    Plot plot = like;
    plot.title += ", " + without_connections(family.text);
    plot.series = lines(results, family, to_point);
    if (is_line(plot.series)) plots.push_back(std::move(plot));
  }
  return plots;
}

// p99 as a line, p50 as a dashed one.
void add_latencies(Plot& plot, const Results& results, const Family& family,
                   const std::function<std::string(const Group&)>& name) {
  struct Quantile {
    const char* name;
    double M::* of;
    bool dashed;
  };
  for (const auto& [quantile, of, dashed] :
       {Quantile{"p99", &M::p99, false}, Quantile{"p50", &M::p50, true}}) {
    auto all = lines(results, family, [&](const Group& group, const Cell& cell) {
      const double rate = cell.median(&M::posts_per_s);
      const double latency = cell.median(of);
      return Point{rate, latency,
                   fmt::format("{}: {} {} at {} posts/s, {}", cell.gateway, quantile,
                               duration(latency), figure(rate), name(group)),
                   latency, latency};
    });
    for (Series& series : all) {
      if (series.points.size() < 2) continue;
      if (dashed) series.name.clear();
      series.dashed = dashed;
      plot.series.push_back(std::move(series));
    }
  }
}

// Twenty bins a decade, whatever the buckets: shares then compare.
Series histogram_of(const Cell& cell, std::string name, unsigned colour) {
  constexpr double kBins = 20;
  std::map<int, double> bins;
  double total = 0;
  for (const auto& [upper, count] : cell.histogram()) {
    if (upper <= 0) continue;
    bins[static_cast<int>(std::ceil(std::log10(upper) * kBins))] += count;
    total += count;
  }
  Series series{std::move(name), colour, false, {}};
  if (total == 0) return series;
  const int first = bins.begin()->first - 1;
  const int last = bins.rbegin()->first + 1;
  for (int bin = first; bin <= last; ++bin) {
    const auto found = bins.find(bin);
    const double share = found == bins.end() ? 0 : 100 * found->second / total;
    const double upper = std::pow(10, bin / kBins);
    series.points.push_back(
        {upper, share,
         fmt::format("{}: {} % of posts took {} to {}", series.name, figure(share),
                     duration(upper / std::pow(10, 1 / kBins)), duration(upper)),
         share, share});
  }
  return series;
}

}  // namespace

std::vector<Plot> cpu_by_batch(const Results& results) {
  std::vector<Plot> plots;
  const auto over_records = [](Load& load) {
    load.records = "n";
    return !load.open() && load.records_per_post > 0;
  };
  for (const Family& family : families(results, over_records)) {
    std::string text = family.text;
    const std::string_view kVariable = ", n records a post";
    if (const auto at = text.find(kVariable); at != std::string::npos) {
      text.erase(at, kVariable.size());
    }
    Plot plot{"CPU per record by records in a post, " + text,
              {"records in a post", Scale::logarithmic},
              {"CPU µs per record", Scale::logarithmic},
              false,
              {}};
    plot.series = lines(results, family, [](const Group& group, const Cell& cell) {
      return Point{group.load.records_per_post, cell.median(&M::us_per_record),
                   fmt::format("{}, {} a post: {}", cell.gateway, group.load.records,
                               spread_text(cell, &M::us_per_record, "µs per record")),
                   cell.least(&M::us_per_record), cell.most(&M::us_per_record)};
    });
    if (is_line(plot.series)) plots.push_back(std::move(plot));
  }
  return plots;
}

std::vector<Plot> cpu_by_connections(const Results& results) {
  const Plot like{"CPU per post by connections",
                  {"connections", Scale::logarithmic},
                  {"CPU µs per post", Scale::logarithmic},
                  false,
                  {}};
  return by_connections(results, like, [](const Group& group, const Cell& cell) {
    return Point{group.load.connections, cell.median(&M::us_per_post),
                 fmt::format("{}, {} connections: {}", cell.gateway, group.load.connections,
                             spread_text(cell, &M::us_per_post, "µs per post")),
                 cell.least(&M::us_per_post), cell.most(&M::us_per_post)};
  });
}

std::vector<Plot> memory_by_connections(const Results& results) {
  constexpr double kMebibyte = 1 << 20;
  const Plot like{"Memory by connections",
                  {"connections", Scale::logarithmic},
                  {"resident MiB, at most", Scale::logarithmic},
                  false,
                  {}};
  return by_connections(results, like, [](const Group& group, const Cell& cell) {
    const double mebibytes = cell.median(&M::resident_peak) / kMebibyte;
    return Point{group.load.connections, mebibytes,
                 fmt::format("{}, {} connections: {} MiB", cell.gateway, group.load.connections,
                             figure(mebibytes)),
                 cell.least(&M::resident_peak) / kMebibyte,
                 cell.most(&M::resident_peak) / kMebibyte};
  });
}

std::vector<Plot> latency_by_throughput(const Results& results) {
  std::vector<Plot> plots;
  const auto add = [&](const Family& family, std::string title, const auto& name) {
    Plot plot{std::move(title),
              {"posts per second"},
              {"p99, and p50 dashed", Scale::logarithmic, true},
              false,
              {}};
    add_latencies(plot, results, family, name);
    if (is_line(plot.series)) plots.push_back(std::move(plot));
  };
  const auto open = [](Load& load) { return load.open(); };
  for (const Family& family : families(results, open)) {
    if (family.groups.size() > 1) {
      add(family, "Latency by throughput at fixed rates, " + family.text,
          [](const Group& group) { return figure(group.load.rate) + " due"; });
    }
  }
  for (const Family& family : families(results, over_connections)) {
    if (family.groups.size() > 1) {
      add(family, "Latency by throughput as connections grow, " + without_connections(family.text),
          [](const Group& group) { return fmt::format("{} connections", group.load.connections); });
    }
  }
  return plots;
}

std::vector<Plot> latency_histograms(const Results& results) {
  struct Set {
    const Group* first;
    Plot plot;
  };
  std::vector<Set> sets;
  for (const Group& group : results.groups) {
    for (const Cell& cell : group.cells) {
      Series series = histogram_of(cell, cell.gateway, colour_of(results, cell.gateway));
      if (series.points.empty()) continue;
      // Gateways at rates of their own still belong into one picture.
      auto set = std::ranges::find_if(sets, [&](const Set& each) {
        return each.first->name == group.name && each.first->load.like(group.load) &&
               each.first->load.open() == group.load.open() &&
               std::ranges::find(each.plot.series, cell.gateway, &Series::name) ==
                   each.plot.series.end();
      });
      if (set == sets.end()) {
        Plot plot{group.name.empty() ? group.load.text() : group.name + ": " + group.load.text(),
                  {"latency", Scale::logarithmic, true},
                  {"% of posts"},
                  true,
                  {}};
        if (group.load.open()) plot.title += ", at a fixed rate";
        set = sets.insert(sets.end(), Set{&group, std::move(plot)});
      }
      set->plot.series.push_back(std::move(series));
    }
  }
  std::vector<Plot> plots;
  for (Set& set : sets) plots.push_back(std::move(set.plot));
  return plots;
}

}  // namespace gateway::report
