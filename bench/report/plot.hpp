#pragma once
#include <string>
#include <vector>

namespace gateway::report {

enum class Scale { linear, logarithmic };

struct AxisText {
  std::string label;
  Scale scale = Scale::linear;
  bool is_duration = false;  // in µs; shown in units that fit
};

struct Point {
  double x = 0;
  double y = 0;
  std::string tip;  // what is said about it on hover
  double low = 0;   // of the repetitions, if not equal
  double high = 0;
};

struct Series {
  std::string name;     // empty: not in the legend, as it belongs to another one
  unsigned colour = 0;  // number of the gateway: the same in every plot
  bool dashed = false;
  std::vector<Point> points;  // in the order in which they are joined
};

struct Plot {
  std::string title;
  AxisText x;
  AxisText y;
  bool steps = false;  // a histogram: no markers, the line keeps its height up to each x
  std::vector<Series> series;
};

// A <figure> with an inline SVG and its legend. Colours come from the page's style sheet. Points
// that cannot stand on a logarithmic scale are left out.
[[nodiscard]] std::string draw(const Plot& plot);

// Text as it may stand in HTML, in elements and in quoted attributes.
[[nodiscard]] std::string escaped(std::string_view text);

// How many colours the style sheet has: gateways beyond take them again.
inline constexpr unsigned kColours = 8;

}  // namespace gateway::report
