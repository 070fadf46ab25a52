#include "gateway/observe/top_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "gateway/observe/figures.hpp"

namespace gateway::observe {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t kMostFailures = 5;

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

// What an object counts by name is counted in all.
std::uint64_t total(JsonPart counter) {
  return counter.is_object() ? counter.sum() : counter.count();
}

// The connections to one address.
struct Bus {
  std::string address;
  std::map<std::string, std::uint64_t> states;  // how many are "ready" and so on
  std::uint64_t in_flight = 0;
  std::string last_error;
};

std::vector<Bus> buses_of(JsonPart status) {
  std::vector<Bus> buses;
  const auto add = [&](JsonPart connection) {
    std::string address = connection["address"].text();
    auto bus = std::ranges::find(buses, address, &Bus::address);
    if (bus == buses.end()) {
      bus = buses.emplace(bus);
      bus->address = std::move(address);
    }
    ++bus->states[connection["state"].text()];
    bus->in_flight += connection["in_flight"].count();
    if (auto error = connection["last_error"].text(); !error.empty()) {
      bus->last_error = std::move(error);
    }
  };
  status["shards"].each([&](JsonPart shard) { shard["eventbus_connections"].each(add); });
  return buses;
}

class Top {
 public:
  Top(JsonPart now, JsonPart before, double seconds)
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

  // Returns the growth per second since the reading before; nothing if there was none.
  [[nodiscard]] std::string rate(std::uint64_t now, std::uint64_t before) const {
    if (!before_.there() || seconds_ <= 0 || now < before) return "";
    return fmt::format("{:.1f}", static_cast<double>(now - before) / seconds_);
  }

  void heading(std::size_t columns) {
    const std::string state = now_["state"].text();
    add()
        .add(state.empty() ? "?" : state, health_colour(state))
        .add(fmt::format("  cos-gateway {}", now_["version"].text()))
        .add(fmt::format("  {}  up {}  threads {}", now_["host"].text(),
                         duration_text(std::chrono::seconds(now_["uptime_seconds"].count())),
                         now_["threads"].count()),
             Colour::dim);
    add().add(now_["target"].text(), Colour::dim);
    const std::string problem = now_["problem"].text();
    if (!problem.empty()) add_wrapped(lines_, problem, columns, health_colour(state));
  }

  void counter(std::string_view name, std::string_view metric, Colour colour) {
    const std::uint64_t value = total(now_["counters"][metric]);
    add()
        .add(fmt::format("  {:<14}", name))
        .add(fmt::format("{:>12}", rate(value, total(before_["counters"][metric]))))
        .add(fmt::format("{:>16}", value), value == 0 ? Colour::plain : colour);
  }

  void events() {
    add();
    add().add(fmt::format("{:<16}{:>12}{:>16}", "Events", "a second", "in all"), Colour::dim);
    counter("received", "records_received", Colour::plain);
    counter("delivered", "events_delivered", Colour::green);
    counter("retried", "events_retried", Colour::yellow);
    counter("spooled", "events_spooled", Colour::yellow);
    counter("dead letters", "events_dead_lettered", Colour::red);
    counter("given up", "events_failed", Colour::red);
    if (now_["counters"]["events_filtered"].count() != 0) {
      counter("filtered", "events_filtered", Colour::plain);
    }
    const auto row = [this](std::string_view name, std::uint64_t value) {
      add().add(fmt::format("  {:<14}{:>12}{:>16}", name, "", value));
    };
    row("in flight", now_["in_flight"]["events"].count());
    if (const auto waiting = now_["queue"]["events"].count(); waiting != 0) {
      row("waiting", waiting);
    }
  }

  void posts() {
    add();
    add().add(fmt::format("{:<16}{:>12}{:>16}", "Posts, by answer", "a second", "in all"),
              Colour::dim);
    const JsonPart earlier = before_["counters"]["posts"];
    now_["counters"]["posts"].each_member([&](std::string_view status, JsonPart part) {
      const bool good = status.starts_with('2');
      const std::uint64_t count = part.count();
      if (count == 0 && !good) return;
      add()
          .add(fmt::format("  {:<14}{:>12}", status, rate(count, earlier[status].count())))
          .add(fmt::format("{:>16}", count), good ? Colour::plain : Colour::red);
    });
    if (const auto times = durations(); !times.empty()) add().add("  " + times);
    const JsonPart limits = now_["limits"];
    add().add(fmt::format("  connections {} of {}, bytes in flight {} of {}",
                          now_["client_connections"].count(), limits["connections"].count(),
                          bytes_text(now_["in_flight"]["post_bytes"].count()),
                          bytes_text(limits["in_flight_bytes"].count())));
  }

  // Returns the time within which this share of the posts since the reading before was answered.
  [[nodiscard]] std::string quantile(double share, std::uint64_t posts,
                                     const std::vector<std::uint64_t>& counts) const {
    std::vector<double> bounds;  // in seconds; the last count has none
    now_["post_duration"]["bounds"].each([&](JsonPart bound) { bounds.push_back(bound.number()); });
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      seen += counts[i];
      if (static_cast<double>(seen) < share * static_cast<double>(posts)) continue;
      if (i < bounds.size()) return "<= " + latency_text(Seconds(bounds[i]));
      return bounds.empty() ? "" : "> " + latency_text(Seconds(bounds.back()));
    }
    return "";
  }

  [[nodiscard]] std::string durations() const {
    const auto counts_of = [](JsonPart status) {
      std::vector<std::uint64_t> counts;
      status["post_duration"]["counts"].each([&](JsonPart n) { counts.push_back(n.count()); });
      return counts;
    };
    std::vector<std::uint64_t> counts = counts_of(now_);
    const std::vector<std::uint64_t> earlier = counts_of(before_);
    std::uint64_t posts = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (i < earlier.size()) counts[i] -= std::min(counts[i], earlier[i]);
      posts += counts[i];
    }
    if (posts == 0) return "";
    return fmt::format("time to answer: median {}, 99 % {}", quantile(0.5, posts, counts),
                       quantile(0.99, posts, counts));
  }

  void buses() {
    section("Eventbus");
    const std::vector<Bus> buses = buses_of(now_);
    for (const Bus& bus : buses) {
      std::string states;
      for (const auto& [state, count] : bus.states) {
        states += fmt::format("{}{} {}", states.empty() ? "" : ", ", count, state);
      }
      add().add(fmt::format("  {}  {}, in flight {}",
                            bus.address.empty() ? "no address yet" : bus.address, states,
                            bus.in_flight));
      if (!bus.last_error.empty()) add().add("    " + bus.last_error, Colour::red);
    }
    if (buses.empty()) add().add("  no connection", Colour::yellow);
  }

  // `member`: its name in the status; `most`: what it may grow to, 0: anything.
  void store(std::string_view name, std::string_view member, std::uint64_t most) {
    const JsonPart store = now_[member];
    if (!store.there()) return;
    const std::uint64_t bytes = store["bytes"].count();
    std::string text =
        fmt::format("  {:<13} {} events, {}", name, store["events"].count(), bytes_text(bytes));
    if (most != 0) {
      text += fmt::format(" of {} ({:.0f} %)", bytes_text(most),
                          100 * static_cast<double>(bytes) / static_cast<double>(most));
    }
    const JsonPart earlier = before_[member];
    const std::uint64_t bytes_before = earlier["bytes"].count();
    if (most > bytes && earlier.there() && bytes_before < bytes && seconds_ > 0) {
      const double growth = static_cast<double>(bytes - bytes_before) / seconds_;
      text += fmt::format(", full in {}",
                          duration_text(Seconds(static_cast<double>(most - bytes) / growth)));
    }
    const std::string state = store["state"].text();
    const bool good = state == "ok";
    Line& line = add().add(text, good ? Colour::plain : Colour::red);
    if (!good) line.add(fmt::format("  {} {}", state, store["error"].text()), Colour::red);
  }

  void stores() {
    const std::string provisioning = now_["provisioning"]["state"].text();
    const bool provisioned = !provisioning.empty() && provisioning != "disabled";
    if (!now_["spool"].there() && !now_["dead_letters"].there() && !provisioned) return;
    section(provisioned ? "Stores and provisioning" : "Stores");
    store("spool", "spool", now_["limits"]["spool_bytes"].count());
    store("dead letters", "dead_letters", 0);
    if (!provisioned) return;
    Line& line = add().add(fmt::format("  {:<13} {}", "provisioning", provisioning));
    const std::string error = now_["provisioning"]["last_error"].text();
    if (!error.empty()) line.add("  " + error, Colour::red);
  }

  void failures() {
    std::size_t shown = 0;
    now_["recent_failures"].each([&](JsonPart failure) {
      if (shown == 0) section("Recent failures");
      if (++shown > kMostFailures) return;
      const std::string time = failure["time"].text();
      const std::string outcome = failure["outcome"].text();
      const std::uint64_t status = failure["status"].count();
      add()
          .add(fmt::format("  {}  ", time.substr(std::min(time.find('T') + 1, time.size()), 8)),
               Colour::dim)
          .add(status == 0 ? outcome : fmt::format("{} {}", outcome, status), Colour::red)
          .add(fmt::format("  {}  {}", failure["key"].text(), failure["reason"].text()));
    });
  }

  const JsonPart now_;
  const JsonPart before_;
  const double seconds_;
  std::vector<Line> lines_;
};

}  // namespace

std::vector<Line> top_text(JsonPart now, JsonPart before, std::chrono::duration<double> passed,
                           std::size_t columns) {
  return Top(now, before, passed.count()).lines(columns);
}

}  // namespace gateway::observe
