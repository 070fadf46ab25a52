#include "gateway/observe/top_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gateway::observe {
namespace {

constexpr std::size_t kMostFailures = 5;

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, kUnits[unit]);
}

std::string span_text(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 172800) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86400);
}

std::string latency_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.2g} ms", seconds * 1e3) : fmt::format("{:.2g} s", seconds);
}

Colour health_colour(std::string_view state) {
  if (state == "ok") return Colour::green;
  return state == "failing" ? Colour::red : Colour::yellow;
}

// Breaks a sentence at blanks, so that all of it is shown.
void add_wrapped(std::vector<Line>& lines, std::string_view text, std::size_t columns,
                 Colour colour) {
  while (columns != 0 && text.size() > columns) {
    const std::size_t blank = text.rfind(' ', columns);
    if (blank == std::string_view::npos || blank == 0) break;
    lines.push_back(Line().add(text.substr(0, blank), colour));
    text.remove_prefix(blank + 1);
  }
  lines.push_back(Line().add(text, colour));
}

class Top {
 public:
  Top(const StatusFigures& now, const StatusFigures* before, double seconds)
      : now_(now), before_(before), seconds_(seconds) {}

  [[nodiscard]] std::vector<Line> lines(std::size_t columns) {
    heading(columns);
    events();
    posts();
    buses();
    stores();
    failures();
    return std::move(lines_);
  }

 private:
  Line& add() { return lines_.emplace_back(); }
  void section(std::string_view title) {
    add();
    add().add(title, Colour::dim);
  }

  // Returns the growth per second since the reading before; nullopt if there was none.
  [[nodiscard]] std::string rate(std::uint64_t now, std::uint64_t before) const {
    if (before_ == nullptr || seconds_ <= 0 || now < before) return "";
    return fmt::format("{:.1f}", static_cast<double>(now - before) / seconds_);
  }

  void heading(std::size_t columns) {
    add()
        .add(now_.state.empty() ? "?" : now_.state, health_colour(now_.state))
        .add(fmt::format("  cos-gateway {}", now_.version))
        .add(fmt::format("  {}  up {}  threads {}", now_.host,
                         span_text(static_cast<double>(now_.uptime_seconds)), now_.threads),
             Colour::dim);
    add().add(now_.target, Colour::dim);
    if (!now_.problem.empty())
      add_wrapped(lines_, now_.problem, columns, health_colour(now_.state));
  }

  void counter(std::string_view name, std::uint64_t StatusFigures::* member, Colour colour) {
    const std::uint64_t value = now_.*member;
    add()
        .add(fmt::format("  {:<14}", name))
        .add(fmt::format("{:>12}", rate(value, before_ == nullptr ? 0 : before_->*member)))
        .add(fmt::format("{:>16}", value), value == 0 ? Colour::plain : colour);
  }

  void events() {
    add();
    add().add(fmt::format("{:<16}{:>12}{:>16}", "Events", "a second", "in all"), Colour::dim);
    counter("received", &StatusFigures::received, Colour::plain);
    counter("delivered", &StatusFigures::delivered, Colour::green);
    counter("retried", &StatusFigures::retried, Colour::yellow);
    counter("spooled", &StatusFigures::spooled, Colour::yellow);
    counter("dead letters", &StatusFigures::dead_lettered, Colour::red);
    counter("given up", &StatusFigures::failed, Colour::red);
    if (now_.filtered != 0) counter("filtered", &StatusFigures::filtered, Colour::plain);
    add().add(fmt::format("  {:<14}{:>12}{:>16}", "in flight", "", now_.in_flight));
    if (now_.queued != 0)
      add().add(fmt::format("  {:<14}{:>12}{:>16}", "waiting", "", now_.queued));
  }

  void posts() {
    add();
    add().add(fmt::format("{:<16}{:>12}{:>16}", "Posts, by answer", "a second", "in all"),
              Colour::dim);
    for (const auto& [status, count] : now_.posts) {
      const bool good = status.starts_with('2');
      if (count == 0 && !good) continue;
      std::uint64_t earlier = 0;
      if (before_ != nullptr && before_->posts.contains(status))
        earlier = before_->posts.at(status);
      add()
          .add(fmt::format("  {:<14}{:>12}", status, rate(count, earlier)))
          .add(fmt::format("{:>16}", count), good ? Colour::plain : Colour::red);
    }
    if (const auto times = durations(); !times.empty()) add().add("  " + times);
    add().add(fmt::format("  connections {} of {}, bytes in flight {} of {}", now_.clients,
                          now_.most_clients, bytes_text(now_.post_bytes),
                          bytes_text(now_.most_post_bytes)));
  }

  // Returns the time within which this share of the posts since the reading before was answered.
  [[nodiscard]] std::string quantile(double share, std::uint64_t posts,
                                     const std::vector<std::uint64_t>& counts) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      seen += counts[i];
      if (static_cast<double>(seen) < share * static_cast<double>(posts)) continue;
      if (i < now_.bounds.size()) return "<= " + latency_text(now_.bounds[i]);
      return now_.bounds.empty() ? "" : "> " + latency_text(now_.bounds.back());
    }
    return "";
  }

  [[nodiscard]] std::string durations() const {
    std::vector<std::uint64_t> counts = now_.post_durations;
    std::uint64_t posts = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (before_ != nullptr && i < before_->post_durations.size()) {
        counts[i] -= std::min(counts[i], before_->post_durations[i]);
      }
      posts += counts[i];
    }
    if (posts == 0) return "";
    return fmt::format("time to answer: median {}, 99 % {}", quantile(0.5, posts, counts),
                       quantile(0.99, posts, counts));
  }

  void buses() {
    section("Eventbus");
    for (const auto& bus : now_.buses) {
      std::string states;
      for (const auto& [state, count] : bus.states) {
        states += fmt::format("{}{} {}", states.empty() ? "" : ", ", count, state);
      }
      add().add(fmt::format("  {}  {}, in flight {}",
                            bus.address.empty() ? "no address yet" : bus.address, states,
                            bus.in_flight));
      if (!bus.last_error.empty()) add().add("    " + bus.last_error, Colour::red);
    }
    if (now_.buses.empty()) add().add("  no connection", Colour::yellow);
  }

  void store(std::string_view name, const StatusFigures::Store& store, std::uint64_t most,
             const std::optional<StatusFigures::Store>& earlier) {
    std::string text =
        fmt::format("  {:<13} {} events, {}", name, store.events, bytes_text(store.bytes));
    if (most != 0) {
      text += fmt::format(" of {} ({:.0f} %)", bytes_text(most),
                          100 * static_cast<double>(store.bytes) / static_cast<double>(most));
    }
    if (most > store.bytes && earlier && earlier->bytes < store.bytes && seconds_ > 0) {
      const double growth = static_cast<double>(store.bytes - earlier->bytes) / seconds_;
      text +=
          fmt::format(", full in {}", span_text(static_cast<double>(most - store.bytes) / growth));
    }
    const bool good = store.state == "ok";
    Line& line = add().add(text, good ? Colour::plain : Colour::red);
    if (!good) line.add(fmt::format("  {} {}", store.state, store.error), Colour::red);
  }

  void stores() {
    const bool provisioned = !now_.provisioning.empty() && now_.provisioning != "disabled";
    if (!now_.spool && !now_.dead_letters && !provisioned) return;
    section(provisioned ? "Stores and provisioning" : "Stores");
    const auto earlier = before_ == nullptr ? std::nullopt : before_->spool;
    if (now_.spool) store("spool", *now_.spool, now_.most_spool_bytes, earlier);
    if (now_.dead_letters) store("dead letters", *now_.dead_letters, 0, std::nullopt);
    if (!provisioned) return;
    Line& line = add().add(fmt::format("  {:<13} {}", "provisioning", now_.provisioning));
    if (!now_.provisioning_error.empty()) line.add("  " + now_.provisioning_error, Colour::red);
  }

  void failures() {
    if (now_.failures.empty()) return;
    section("Recent failures");
    for (std::size_t i = 0; i < std::min(now_.failures.size(), kMostFailures); ++i) {
      const auto& failure = now_.failures[i];
      const std::size_t begin = std::min(failure.time.find('T') + 1, failure.time.size());
      add()
          .add(fmt::format("  {}  ", failure.time.substr(begin, 8)), Colour::dim)
          .add(failure.status == 0 ? failure.outcome
                                   : fmt::format("{} {}", failure.outcome, failure.status),
               Colour::red)
          .add(fmt::format("  {}  {}", failure.key, failure.reason));
    }
  }

  const StatusFigures& now_;
  const StatusFigures* const before_;
  const double seconds_;
  std::vector<Line> lines_;
};

}  // namespace

std::vector<Line> top_text(const StatusFigures& now, const StatusFigures* before,
                           std::chrono::duration<double> passed, std::size_t columns) {
  return Top(now, before, passed.count()).lines(columns);
}

}  // namespace gateway::observe
