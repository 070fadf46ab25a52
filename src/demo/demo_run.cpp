#include "demo/demo.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "demo/demo_console.hpp"
#include "demo/demo_eventbus.hpp"
#include "demo/demo_posts.hpp"
#include "events/terminal_text.hpp"
#include "gateway/gateway.hpp"
#include "runtime/log.hpp"
#include "runtime/standard_streams.hpp"
#include "testkit/interruption.hpp"
#include "testkit/load.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::demo {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr int kExitBad = 70;
constexpr std::chrono::seconds kDrainLimit{30};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) throw std::runtime_error("cannot read " + path);
  return text;
}

config::Settings demo_settings(std::uint16_t eventbus_port, const std::string& spool) {
  config::Settings settings;
  settings.target = fmt::format("http://127.0.0.1:{}", eventbus_port);
  settings.eventbus = "demo";
  settings.function.provision = false;
  settings.ingress.listen = {"127.0.0.1", 0};
  settings.ingress.admin = {"127.0.0.1", 0};
  settings.ingress.auth = config::Auth::none;
  settings.ingress.drain_delay = {};  // there is no balancer to take notice
  settings.spool.path = spool;
  return settings;
}

// The gateway and the eventbus behind it; both, and the load in front, share the thread that plays.
class Stage {
 public:
  Stage(DemoEventbus& script, const std::string& spool)
      : bus_(poller_, DemoEventbus::settings(), &script),
        gateway_(demo_settings(bus_.port(), spool)) {}

  [[nodiscard]] Gateway& gateway() noexcept { return gateway_; }
  [[nodiscard]] test::Bus& bus() noexcept { return bus_; }

  // Posts until the time is over, the source is empty or a signal comes, and until `settled` and
  // every answer is there; then drains the gateway. `tick` is called meanwhile. A second signal
  // ends it at once.
  void play(test::LoadSettings settings, test::PostSource& posts, duration<double> time,
            const std::function<void()>& tick, const std::function<bool()>& settled) {
    gateway_.start();
    settings.target = test::address_of("127.0.0.1", gateway_.port());
    test::Load load(poller_, settings, posts);
    const auto begin = steady_clock::now();
    load.start(begin);
    const auto turn = [&] {
      const auto now = steady_clock::now();
      poller_.turn(std::min({now + kTick, load.next_due(now), bus_.next_due(now)}));
      load.advance(steady_clock::now());
      bus_.advance(steady_clock::now());
      tick();
      return test::interruptions() < 2;
    };
    while (!test::interrupted() && !load.done() && steady_clock::now() - begin < time) {
      if (!turn()) return;
    }
    load.stop();
    load.forget_waiting();
    const auto limit = steady_clock::now() + kDrainLimit;
    while (!load.idle() || (!settled() && steady_clock::now() < limit)) {
      if (!turn()) return;
    }
    // Waits for the gateway, which may still be waiting for this thread's eventbus.
    std::atomic<bool> drained{false};
    const std::jthread drain([&] {
      gateway_.stop();
      gateway_.wait();
      drained = true;
    });
    while (!drained && turn()) {
    }
  }

 private:
  test::Poller poller_;
  test::Bus bus_;
  Gateway gateway_;
};

void print_request(const test::MessageView& request) {
  fmt::print("{} {} HTTP/1.1\n", request.method, events::terminal_text(request.target));
  for (const auto& [name, value] : request.fields.all()) {
    fmt::print("{}: {}\n", name, events::terminal_text(value));
  }
  fmt::print("\n{}\n\n", events::terminal_lines(request.body));
}

int run_once(const DemoOptions& options) {
  OnePost post(test::make_post("cos-gateway-demo", "/", read_file(options.once), 1));
  DemoEventbus script([](const test::MessageView& request, const test::ReceivedEvents&,
                         steady_clock::time_point) { print_request(request); });
  Stage stage(script, "");
  test::LoadSettings load;
  load.connect_for_posts = true;
  load.timeout = kTimeout;
  stage.play(load, post, kTimeout, [] {}, [] { return true; });
  std::fflush(stdout);
  print_error("answered {}: {}\n", post.status(), events::terminal_text(post.text()));
  return post.status() == 200 ? kExitGood : kExitBad;
}

// What was posted, answered and received, and what is shown of it.
class Show {
 public:
  explicit Show(const DemoOptions& options)
      : options_(options),
        posts_(
            options.max_records, "cos-gateway-demo", "/",
            [this](std::uint64_t number, const test::SyntheticPost& payload) {
              sent_at_.push_back(steady_clock::now());
              for (std::size_t i = 0; i < payload.records.size(); ++i) {
                oracle_.sent(static_cast<std::uint32_t>(number), marker_.mark(payload.record(i)));
              }
            },
            [this](std::uint64_t number, unsigned records, unsigned status) {
              oracle_.answered(static_cast<std::uint32_t>(number), status);
              if (status == 200) acknowledged_ += records;
            }),
        script_([this](const test::MessageView&, const test::ReceivedEvents& received,
                       steady_clock::time_point now) { receive(received, now); }),
        stage_(script_, options.outage ? folder_.file("spool.db") : std::string()) {}

  int run() {
    console_.headline(fmt::format("Gateway on 127.0.0.1:{}, {:g} posts a second for {} s",
                                  stage_.gateway().port(), options_.rate,
                                  options_.duration.count()));
    console_.headline(fmt::format("Eventbus on 127.0.0.1:{}", stage_.bus().port()));
    console_.headline(
        fmt::format("Status page: http://127.0.0.1:{}/", stage_.gateway().admin_port()));
    test::LoadSettings load;
    load.connections = kConnections;
    load.rate = options_.rate;
    load.connect_for_posts = true;
    load.timeout = kTimeout;
    begin_ = steady_clock::now();
    stage_.play(
        load, posts_, options_.duration, [this] { tick(); },
        [this] { return !options_.outage || (!down_ && progress().waiting == 0); });
    Progress end = progress();
    end.balance = oracle_.check();
    console_.balance(end, latencies_, steady_clock::now() - begin_);
    return is_good(end.balance) ? kExitGood : kExitBad;
  }

 private:
  // Of the time: when the eventbus dies, and when it is back.
  static constexpr double kDeath = 0.25;
  static constexpr double kReturn = 0.6;

  void receive(const test::ReceivedEvents& received, steady_clock::time_point now) {
    for (const events::CloudEvent& event : received.events) {
      const auto post = oracle_.arrived(event.attribute("id"), marker_.mark(event.data),
                                        test::Oracle::Answer::accepted, event.attribute("time"));
      const auto latency = post ? now - sent_at_[*post] : steady_clock::duration();
      if (post) latencies_.add(latency);
      console_.event(event, latency, now);
    }
  }

  [[nodiscard]] Progress progress() {
    Progress progress;
    progress.balance = oracle_.so_far();
    progress.retried = stage_.gateway().snapshot().retried_total();
    const std::uint64_t arrived = progress.balance.arrived;
    progress.waiting = acknowledged_ > arrived ? acknowledged_ - arrived : 0;
    progress.eventbus_down = down_;
    return progress;
  }

  void tick() {
    const auto now = steady_clock::now();
    const Progress so_far = progress();
    if (options_.outage) play_outage(so_far, now);
    console_.status(so_far, now);
  }

  // The eventbus dies, comes back, and is told all that it missed.
  void play_outage(const Progress& so_far, steady_clock::time_point now) {
    const double share = duration<double>(now - begin_) / options_.duration;
    if (!down_ && !revived_ && share >= kDeath) {
      down_ = true;
      stage_.bus().go_down();
      console_.headline(
          "The eventbus dies. Posts are answered 200 all the same: events go to disk.",
          Colour::red);
    } else if (down_ && (share >= kReturn || test::interrupted())) {
      down_ = false;
      revived_ = now;
      stage_.bus().come_up();
      console_.headline(
          fmt::format("The eventbus is back, {} events are in the spool.", so_far.waiting),
          Colour::green);
    } else if (revived_ && !drained_ && so_far.waiting == 0) {
      drained_ = true;
      console_.headline(fmt::format("The spool was delivered within {:.1f} s.",
                                    duration<double>(now - *revived_).count()),
                        Colour::green);
    }
  }

  const DemoOptions options_;
  const test::TemporaryFolder folder_;
  test::Oracle oracle_;
  test::RecordMarker marker_;
  test::Histogram latencies_;
  std::vector<steady_clock::time_point> sent_at_;  // by post
  std::uint64_t acknowledged_ = 0;                 // records
  DemoConsole console_;
  DemoPosts posts_;
  DemoEventbus script_;
  Stage stage_;
  steady_clock::time_point begin_;
  bool down_ = false;
  std::optional<steady_clock::time_point> revived_;
  bool drained_ = false;
};

}  // namespace

int run_demo(const DemoOptions& options) {
  // On a terminal log lines would tear the status line, and the demonstration says the same itself.
  log::start(::isatty(STDERR_FILENO) == 1 ? log::Level::error : log::Level::warn);
  test::catch_interruption();
  const int exit_code = options.once.empty() ? Show(options).run() : run_once(options);
  log::stop();
  return exit_code;
}

}  // namespace gateway::demo
