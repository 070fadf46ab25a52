#include "demo/demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "demo/demo_console.hpp"
#include "demo/demo_eventbus.hpp"
#include "demo/demo_posts.hpp"
#include "gateway/config/http_url.hpp"
#include "runtime/standard_streams.hpp"
#include "testkit/interruption.hpp"
#include "testkit/load.hpp"

namespace gateway::demo {
namespace {

using std::chrono::steady_clock;

constexpr int kExitUsage = 64;
constexpr int kExitUnavailable = 69;
constexpr std::chrono::seconds kReportEvery{5};
// While nobody listens at the gateway's address.
constexpr std::chrono::seconds kPause{1};

// How posts were answered, a line every few seconds in which there were some.
class AnswerCounts {
 public:
  void add(unsigned status) {
    ++by_status_[status];
    answered_ = answered_ || status != 0;
  }
  [[nodiscard]] bool any() const noexcept { return answered_; }
  void print() {
    if (by_status_.empty()) return;
    std::string line("posts");
    for (const auto& [status, count] : by_status_) {
      line += status == 0 ? fmt::format("  no answer {}", count)
                          : fmt::format("  answered {} {}", status, count);
    }
    fmt::print("{}\n", line);
    std::fflush(stdout);
    by_status_.clear();
  }

 private:
  std::map<unsigned, std::uint64_t> by_status_;  // 0: no answer
  bool answered_ = false;
};

}  // namespace

int run_eventbus(const EventbusOptions& options) {
  test::catch_interruption();
  DemoConsole console;
  DemoEventbus script([&console](const test::MessageView&, const test::ReceivedEvents& received,
                                 steady_clock::time_point now) {
    for (const events::CloudEvent& event : received.events) console.event(event, {}, now);
    console.flush();
  });
  script.refuse_every(options.refuse_every);
  test::Bus::Settings settings = DemoEventbus::settings();
  settings.host = options.listen.host;
  settings.port = options.listen.port;
  test::Poller poller;
  test::Bus bus(poller, settings, &script);
  console.headline(fmt::format("Eventbus on port {}", bus.port()));
  while (!test::interrupted()) {
    const auto now = steady_clock::now();
    poller.turn(std::min(now + kTick, bus.next_due(now)));
    bus.advance(steady_clock::now());
  }
  return kExitGood;
}

int run_poster(const PostToOptions& options) {
  const auto url = config::parse_http_url(options.url);
  if (!url || url->tls) {
    print_error("error: --post-to: {}\n",
                url ? "this poster speaks plain HTTP only" : url.error().message());
    return kExitUsage;
  }
  test::LoadSettings settings;
  try {
    settings.target = test::address_of(url->host, url->port);
  } catch (const std::exception& error) {
    print_error("error: {}\n", error.what());
    return kExitUnavailable;
  }
  settings.connections = kConnections;
  settings.rate = options.rate;
  settings.connect_for_posts = true;
  settings.timeout = kTimeout;
  settings.pause = kPause;

  test::catch_interruption();
  AnswerCounts counts;
  DemoPosts posts(
      options.max_records, url->authority, (url->path.empty() ? "/" : url->path) + url->query,
      [](std::uint64_t, const test::SyntheticPost&) {},
      [&](std::uint64_t, unsigned, unsigned status) { counts.add(status); });
  test::Poller poller;
  test::Load load(poller, settings, posts);
  fmt::print("Posting COS events to {}, {:g} posts a second\n", options.url, options.rate);
  std::fflush(stdout);
  const auto begin = steady_clock::now();
  auto report = begin + kReportEvery;
  load.start(begin);
  for (auto now = begin;; now = steady_clock::now()) {
    const bool over = options.duration && now >= begin + *options.duration;
    if (over || test::interrupted()) {
      load.stop();
      load.forget_waiting();
      if (load.idle() || test::interruptions() > 1) break;
    }
    if (now >= report) {
      counts.print();
      report = now + kReportEvery;
    }
    poller.turn(std::min(now + kTick, load.next_due(now)));
    load.advance(steady_clock::now());
  }
  counts.print();
  return counts.any() ? kExitGood : kExitUnavailable;
}

}  // namespace gateway::demo
