#include "report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "report/figures.hpp"

namespace gateway::report {
namespace {

// Of the drawing, in its own units: it is scaled to the page, and still readable on a phone.
constexpr double kWidth = 480;
constexpr double kHeight = 320;
constexpr double kLeft = 70;
constexpr double kRight = 12;
constexpr double kTop = 12;
constexpr double kBottom = 44;

template <class... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

// One direction of a plot: values to positions, and where the labels stand.
class Axis {
 public:
  Axis(Scale scale, double from, double to, double begin, double end)
      : scale_(scale), begin_(begin), end_(end) {
    if (scale_ == Scale::logarithmic) {
      choose_logarithmic(from, to);
    } else {
      choose_linear(to);
    }
  }
  [[nodiscard]] bool shows(double value) const {
    return std::isfinite(value) && (scale_ == Scale::linear || value > 0);
  }
  [[nodiscard]] double position(double value) const {
    const double low = along(low_);
    const double share = (along(value) - low) / (along(high_) - low);
    return begin_ + (end_ - begin_) * std::clamp(share, 0.0, 1.0);
  }
  [[nodiscard]] const std::vector<double>& ticks() const noexcept { return ticks_; }

 private:
  [[nodiscard]] double along(double value) const {
    return scale_ == Scale::logarithmic ? std::log10(value) : value;
  }

  // From 0, in steps of 1, 2 or 5 times a power of ten.
  void choose_linear(double to) {
    high_ = to > 0 ? to * 1.05 : 1;
    const double rough = high_ / 6;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor * power >= rough) {
        step = factor * power;
        break;
      }
    }
    for (int i = 0; i * step <= high_; ++i) ticks_.push_back(i * step);
  }

  // At 1, 2 and 5 times powers of ten, or at those alone where there are many.
  void choose_logarithmic(double from, double to) {
    low_ = from / 1.3;
    high_ = std::max(to, from) * 1.3;
    const bool many = std::log10(high_ / low_) > 2.2;
    const int last = static_cast<int>(std::ceil(std::log10(high_)));
    for (int power = static_cast<int>(std::floor(std::log10(low_))); power <= last; ++power) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double tick = factor * std::pow(10, power);
        if (tick >= low_ && tick <= high_ && (factor == 1 || !many)) ticks_.push_back(tick);
      }
    }
  }

  Scale scale_;
  double begin_;
  double end_;
  double low_ = 0;
  double high_ = 1;
  std::vector<double> ticks_;
};

Axis axis_of(const Plot& plot, Scale scale, double Point::* of, double begin, double end) {
  double from = std::numeric_limits<double>::max();
  double to = 0;
  const auto include = [&](double value) {
    if (scale == Scale::logarithmic && value <= 0) return;
    from = std::min(from, value);
    to = std::max(to, value);
  };
  for (const Series& series : plot.series) {
    for (const Point& point : series.points) {
      include(point.*of);
      if (of != &Point::y || point.low == point.high) continue;
      include(point.low);
      include(point.high);
    }
  }
  return {scale, to == 0 ? 1 : from, to == 0 ? 1 : to, begin, end};
}

// 12k, 3.4M: ticks have little room.
std::string tick_text(double value, bool is_duration) {
  if (is_duration) {
    for (const auto& [unit, name] : {std::pair(1e6, " s"), std::pair(1e3, " ms")}) {
      if (value >= unit) return fmt::format("{:g}{}", value / unit, name);
    }
    return fmt::format("{:g} µs", value);
  }
  for (const auto& [unit, letter] : {std::pair(1e6, "M"), std::pair(1e3, "k")}) {
    if (value >= unit) return fmt::format("{:g}{}", value / unit, letter);
  }
  return fmt::format("{:g}", value);
}

void draw_frame(std::string& out, const Plot& plot, const Axis& x, const Axis& y) {
  for (const double tick : y.ticks()) {
    const double at = y.position(tick);
    append(out, R"(<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)", kLeft,
           kWidth - kRight, at, at);
    append(out, R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", kLeft - 6, at + 4,
           tick_text(tick, plot.y.is_duration));
  }
  for (const double tick : x.ticks()) {
    const double at = x.position(tick);
    append(out, R"(<line class="grid" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>)", at, at, kTop,
           kHeight - kBottom);
    append(out, R"(<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", at,
           kHeight - kBottom + 16, tick_text(tick, plot.x.is_duration));
  }
  append(out, R"(<text class="label" x="{}" y="{}" text-anchor="middle">{}</text>)",
         (kLeft + kWidth - kRight) / 2, kHeight - 8, escaped(plot.x.label));
  const double middle = (kTop + kHeight - kBottom) / 2;
  append(
      out,
      R"svg(<text class="label" x="12" y="{0}" text-anchor="middle" transform="rotate(-90 12 {0})">{1}</text>)svg",
      middle, escaped(plot.y.label));
}

// Told apart by shape as well as by colour.
void draw_marker(std::string& out, unsigned colour, double x, double y) {
  const auto polygon = [&](std::initializer_list<std::pair<double, double>> corners) {
    out += "<polygon points=\"";
    for (const auto& [dx, dy] : corners) append(out, "{:.1f},{:.1f} ", x + dx, y + dy);
    out += "\"/>";
  };
  switch (colour % 4) {
    case 0:
      append(out, R"(<circle cx="{:.1f}" cy="{:.1f}" r="4"/>)", x, y);
      break;
    case 1:
      polygon({{-4, -4}, {4, -4}, {4, 4}, {-4, 4}});
      break;
    case 2:
      polygon({{0, -5}, {5, 4}, {-5, 4}});
      break;
    default:
      polygon({{0, -5.5}, {5.5, 0}, {0, 5.5}, {-5.5, 0}});
      break;
  }
}

void draw_series(std::string& out, const Plot& plot, const Series& series, const Axis& x,
                 const Axis& y) {
  append(out, R"(<g class="s{}">)", series.colour % kColours);
  std::string line;
  std::string marks;
  for (const Point& point : series.points) {
    if (!x.shows(point.x) || !y.shows(point.y)) continue;
    const double at_x = x.position(point.x);
    const double at_y = y.position(point.y);
    if (plot.steps && !line.empty()) append(line, "V{:.1f}", at_y);
    if (plot.steps && !line.empty()) {
      append(line, "H{:.1f}", at_x);
    } else {
      append(line, "{}{:.1f} {:.1f}", line.empty() ? 'M' : 'L', at_x, at_y);
    }
    if (point.low != point.high && y.shows(point.low)) {
      append(marks, R"(<line class="range" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>)",
             at_x, y.position(point.low), y.position(point.high));
    }
    if (!plot.steps) draw_marker(marks, series.colour, at_x, at_y);
    append(marks, R"(<circle class="point" cx="{:.1f}" cy="{:.1f}" r="6" data-tip="{}"/>)", at_x,
           at_y, escaped(point.tip));
  }
  append(out, R"(<path class="{}" d="{}"/>{}</g>)", series.dashed ? "line dashed" : "line", line,
         marks);
}

}  // namespace

std::string draw(const Plot& plot) {
  const Axis x = axis_of(plot, plot.x.scale, &Point::x, kLeft, kWidth - kRight);
  const Axis y = axis_of(plot, plot.y.scale, &Point::y, kHeight - kBottom, kTop);
  std::string out = fmt::format(
      R"(<figure><figcaption>{0}</figcaption><svg viewBox="0 0 {1} {2}" role="img" aria-label="{0}">)",
      escaped(plot.title), kWidth, kHeight);
  draw_frame(out, plot, x, y);
  // The first gateway is drawn last, over the others.
  for (std::size_t i = plot.series.size(); i-- > 0;) draw_series(out, plot, plot.series[i], x, y);
  out += "</svg><ul class=\"legend\">";
  for (const Series& series : plot.series) {
    if (series.name.empty()) continue;
    append(out, R"(<li class="s{}"><svg viewBox="0 0 24 12">)", series.colour % kColours);
    out += R"(<path class="line" d="M0 6H24"/>)";
    if (!plot.steps) draw_marker(out, series.colour, 12, 6);
    append(out, "</svg>{}</li>", escaped(series.name));
  }
  return out + "</ul></figure>\n";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace gateway::report
